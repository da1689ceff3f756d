"""What a rewrite did: every change, every function left alone, and why.

Plain frozen data, ordered as in the template; `as_json` is the stable form
that scripts read.
"""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the template.

    Args:
        logical_id: The resource, or the section ("Globals", "Parameters") changed.
        path: Property path within it, such as "Properties.Timeout".
        before: Value before, None when absent.
        after: Value after, None when removed.
        rule: Name of the rule that did it.
        reason: Why, in the user's words.
        line: Line in the source file, counted from 1; 0 when there is none.
        file: The source file when it is a nested template; else empty.
    """

    logical_id: str
    path: str
    before: Any
    after: Any
    rule: str
    reason: str
    line: int = 0
    file: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know that changed nothing."""

    logical_id: str
    rule: str
    text: str
    line: int = 0
    file: str = ""


@dataclass(frozen=True, slots=True)
class FunctionReport:
    """One function of the template, as it was declared.

    Args:
        logical_id: Logical id; nested ones as "Child/Function".
        live: Whether it was turned into a stub.
        reason: Why it was kept; empty when live.
        runtime: Declared runtime after Globals and parameters; empty for images.
        handler: Declared handler; empty for images.
        code: Path of local code as the template gives it, resolved against the
            template's folder; None when the code is inline or not local.
        inline: Inline code; None when there is none.
        timeout: Declared timeout in seconds (3 when absent or not known).
        memory: Declared memory in MB (128 when absent or not known).
        layers: Resolved local folders of layers in the template, ARNs of others.
        architecture: "x86_64" or "arm64".
        package: "Zip" or "Image".
        line: Line of the resource in its source file.
        file: Source file when nested; else empty.
        metadata: The resource's Metadata (BuildMethod, BuildProperties, ...).
        command: What an image is told to run (ImageConfig.Command); empty otherwise.
        parkable: Whether its events can wait in the stage's queue while nobody
            listens: it is called asynchronously alone, and failed events have no
            place of their own.
        unparkable: Why they cannot; empty when it has no asynchronous callers.
    """

    logical_id: str
    live: bool
    reason: str
    runtime: str
    handler: str
    code: str | None
    inline: str | None
    timeout: int
    memory: int
    layers: tuple[str, ...]
    architecture: str
    package: str
    line: int
    file: str
    metadata: dict[str, Any]
    command: tuple[str, ...] = ()
    parkable: bool = False
    unparkable: str = ""


@dataclass(frozen=True, slots=True)
class LayerReport:
    """How a layer that kept functions use is built.

    Args:
        logical_id: Logical id; nested ones as "Child/Layer".
        runtime: The runtime it is built for; empty when nothing says so.
        architecture: "x86_64" or "arm64".
        metadata: The resource's Metadata; its BuildMethod says how.
    """

    logical_id: str
    runtime: str
    architecture: str
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Artifact:
    """Something local that must be packaged before the template can be deployed.

    Args:
        logical_id: The resource that names it; nested ones as "Child/Resource".
        path: Property path that holds the local path, such as "Properties.CodeUri".
        local: Path on this machine, resolved against the template's folder.
        kind: "function", "layer", "image", "definition", "file", "template" or "include".
        form: How the uploaded object is written back: "uri" (s3://bucket/key),
            "url" (https form), the mapping's key names such as "S3Bucket,S3Key", or
            "image" (repository:tag).
        zipped: Whether a folder or single file is put into a zip.
        function: The function whose build settings apply, for kinds "function" and "image".
        layer: How it is built, for kind "layer"; None when its folder is the layer.
    """

    logical_id: str
    path: str
    local: str
    kind: str
    form: str
    zipped: bool
    function: FunctionReport | None = None
    layer: LayerReport | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All of it.

    Args:
        functions: Every function, live or kept, in the template's order.
        changes: Every change, in the template's order.
        notices: What the user should know besides.
        artifacts: What is left to be packaged.
    """

    functions: tuple[FunctionReport, ...]
    changes: tuple[Change, ...]
    notices: tuple[Notice, ...]
    artifacts: tuple[Artifact, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain JSON-able data."""
        return asdict(self)
