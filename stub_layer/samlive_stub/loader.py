"""Entry of the layer, its `__main__.py`; imports the stub from one archive.

The archive is the sources of all modules in one bz2 stream. One stream is half
the size of files that are compressed one by one; sources serve every version of
Python, where bytecode serves one.
"""

import gc
import sys
from _frozen_importlib import ModuleSpec

try:
    from _bz2 import BZ2Decompressor  # what `bz2` has around it costs as much again
except ImportError:
    from bz2 import BZ2Decompressor

TYPE_CHECKING = False  # typing's own would cost an import
if TYPE_CHECKING:
    from types import ModuleType

PACKAGE = "samlive_stub"


class Archive:
    """Finds and loads the package's modules.

    Args:
        folder: Folder of the archive; files beside the modules are in its folder of
            the package's name.
    """

    def __init__(self, folder: str) -> None:
        self._folder = f"{folder}/{PACKAGE}"
        with open(f"{folder}/stub.bz2", "rb") as archive:
            text = BZ2Decompressor().decompress(archive.read()).decode()
        self._sources = dict(module.split("\1") for module in text.split("\0"))

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return where a module is from, None for one that is not ours."""
        parent, _, module = name.rpartition(".")
        if name == PACKAGE:
            module = "__init__"
        elif parent != PACKAGE or module not in self._sources:
            return None
        place = f"{self._folder}/{module}.py"
        # Its base class would be another import.
        spec = ModuleSpec(name, self, origin=place, is_package=name == PACKAGE)  # type: ignore[arg-type]
        spec.has_location = True
        return spec

    def create_module(self, spec: ModuleSpec) -> "ModuleType | None":
        """Leave the making of the module to the interpreter."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run a module's source in it."""
        place = module.__file__ or ""
        source = self._sources[place.rpartition("/")[2].removesuffix(".py")]
        exec(compile(source, place, "exec", dont_inherit=True), module.__dict__)


if __name__ == "__main__":
    gc.disable()  # 1.5 ms; `init` turns it on when all is compiled
    sys.meta_path.insert(0, Archive(__file__.rpartition("/")[0]))
    from samlive_stub.init import main

    raise SystemExit(main())
