"""The folder `.samlive/` beside the template: the stage's name, its key, its files.

It ignores itself in git, so that nobody has to edit the project's .gitignore
and no key is ever checked in. Offline stages have a place of their own: a
cloud that is made anew at every start shares nothing with an account.

    .samlive/.gitignore          *
    .samlive/stage               name of this developer's stage
    .samlive/buckets             buckets that were found to be as they should be
    .samlive/stages/NAME/        key, stage.json, inline code, worker sockets
    .samlive/offline/            the embedded cloud's logs, and its stages
"""

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = ".samlive"


@dataclass(frozen=True, slots=True)
class Project:
    """The state of one project on this machine.

    Args:
        folder: Folder of the template.
        offline: Whether this is about the embedded cloud.
    """

    folder: Path
    offline: bool = False

    @property
    def root(self) -> Path:
        """The state folder; not made before something is written."""
        return self.folder / FOLDER

    @property
    def cloud(self) -> Path:
        """Folder of the embedded cloud."""
        return self.root / "offline"

    @property
    def _home(self) -> Path:
        return self.cloud if self.offline else self.root

    def make(self) -> None:
        """Make the state folder, readable by its owner alone and ignored by git."""
        self.root.mkdir(mode=0o700, exist_ok=True)
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")

    def stage(self) -> str | None:
        """Return the remembered stage."""
        try:
            return (self._home / "stage").read_text().strip() or None
        except OSError:
            return None

    def remember_stage(self, name: str) -> None:
        """Remember the developer's stage."""
        self.make()
        write_private(self._home / "stage", f"{name}\n".encode())

    def stages(self) -> tuple[str, ...]:
        """Return the names of all stages that were used from here."""
        folder = self._home / "stages"
        return tuple(sorted(path.name for path in folder.iterdir())) if folder.is_dir() else ()

    def knows_bucket(self, name: str) -> bool:
        """Tell whether a bucket was found to be as it should be."""
        return name in self._buckets()

    def remember_bucket(self, name: str) -> None:
        """Remember that a bucket is as it should be."""
        self.make()
        text = "".join(f"{each}\n" for each in sorted({*self._buckets(), name}))
        write_private(self._home / "buckets", text.encode())

    def _buckets(self) -> list[str]:
        try:
            return (self._home / "buckets").read_text().split()
        except OSError:
            return []

    def of(self, stage: str) -> "StageState":
        """Return the state of one stage."""
        return StageState(self, self._home / "stages" / stage)


@dataclass(frozen=True, slots=True)
class StageState:
    """The state of one stage on this machine.

    Args:
        project: The project it belongs to.
        folder: Where it is kept.
    """

    project: Project
    folder: Path

    def make(self) -> None:
        """Make the folder, readable by its owner alone."""
        self.project.make()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def record(self) -> dict[str, Any]:
        """What was written about the stage: stack, region, account, endpoint, layer."""
        try:
            found = json.loads((self.folder / "stage.json").read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write_record(self, record: dict[str, Any]) -> None:
        """Replace what is written about the stage."""
        self.make()
        text = json.dumps(record, indent=2, sort_keys=True) + "\n"
        write_private(self.folder / "stage.json", text.encode())

    @property
    def key(self) -> str | None:
        """The stage's key as it was kept, base64url."""
        try:
            return (self.folder / "key").read_text().strip() or None
        except OSError:
            return None

    def keep_key(self, text: str) -> None:
        """Keep the stage's key."""
        self.make()
        write_private(self.folder / "key", text.encode())

    def forget(self) -> None:
        """Remove what is known of a stage that is gone."""
        for name in ("key", "stage.json"):
            (self.folder / name).unlink(missing_ok=True)


def write_private(path: Path, data: bytes) -> None:
    """Write a file that its owner alone can read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(name)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a full disk is told at the write, which knows no name
        raise


def write_shared(path: Path, text: str) -> None:
    """Write a file of the user's, whole or not at all: its mode stays, and links lead on."""
    target = path.resolve()
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    write_private(target, text.encode())
    target.chmod(mode)
