"""The one version of the emulator whose insides the hooks name.

The hooks replace functions of ministack that are no public interface. So the
version is pinned exactly, and at start every replaced name is looked up before
the first one is replaced: a half-hooked cloud would answer wrongly instead of
not at all.
"""

import importlib
import importlib.metadata
import importlib.util

from samlive.errors import SamliveError

WANTED = "1.5.33"
INSTALL = 'pipx install "samlive[offline]"'
_MODULES = ("ministack", "samtranslator", "cryptography")


def check_installed() -> None:
    """Make sure that the extra is installed, in the version the hooks know.

    Raises:
        SamliveError: A package is missing, or ministack has another version.
    """
    missing = [name for name in _MODULES if importlib.util.find_spec(name) is None]
    if missing:
        raise SamliveError(
            f"--offline needs packages that are not installed: {', '.join(missing)}.",
            f"Install samlive with its offline extra: {INSTALL}",
        )
    found = importlib.metadata.version("ministack")
    if found != WANTED:
        raise _mismatch(found, "")


def check_names(names: list[str]) -> None:
    """Make sure that every name a hook replaces or calls exists.

    Args:
        names: Each "module:attribute" or "module:attribute.attribute".

    Raises:
        SamliveError: One does not exist; says which, and the versions.
    """
    for name in names:
        module, _, path = name.partition(":")
        try:
            found: object = importlib.import_module(module)
            for part in path.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError):
            version = importlib.metadata.version("ministack")
            raise _mismatch(version, f" (it lacks {name})") from None


def _mismatch(found: str, detail: str) -> SamliveError:
    return SamliveError(
        f"--offline needs ministack {WANTED}, but {found} is installed{detail}.",
        f"Install the pinned version: {INSTALL}",
    )
