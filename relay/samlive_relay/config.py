"""What the relay is told by its owner: the stage, the broker, the functions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .storage import Storage


@dataclass(frozen=True, slots=True)
class AwsCredentials:
    """Credentials that sign the broker's handshake."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Broker:
    """How to reach AWS IoT (or its stand-in).

    Args:
        endpoint: Host of the IoT data endpoint, ":port" when not 443.
        region: Region that signs the handshake.
        credentials: Called at every connect, so that expired ones are replaced.
        ca_file: PEM file to trust instead of the system's store.
        proxy: "host:port" of an HTTP CONNECT proxy, "user:password@" before it when it asks.
    """

    endpoint: str
    region: str
    credentials: Callable[[], AwsCredentials]
    ca_file: Path | None = None
    proxy: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Build:
    """How a function's sources become what runs.

    It is either a job for aws-lambda-builders or a command for the shell. A command
    runs in the code's folder and finds in ARTIFACTS_DIR the folder to fill, in
    SCRATCH_DIR one that stays for the next build. When it fills nothing, the code's
    folder itself is what runs.

    Args:
        command: For the shell; "" when aws-lambda-builders does it.
        language: Language, dependency manager ("" for none) and manifest, as
            aws-lambda-builders knows them.
        manager: See language.
        manifest: See language.
        options: Its options, as JSON.
        debug: Whether to build for a debugger.
        lists: A command that prints, after a build, further files that it has read:
            one a line, or as a rule of make.
        sources: Files and folders that it is made from; the code's folder when empty.
    """

    command: str = ""
    language: str = ""
    manager: str = ""
    manifest: Path | None = None
    options: str = "{}"
    debug: bool = False
    lists: str = ""
    sources: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalFunction:
    """A live function as it stands on this machine.

    Args:
        logical_id: Logical id; nested ones as "Child/Function".
        runtime: The template's own runtime, such as "python3.12" or "nodejs20.x".
        handler: The template's own handler.
        code: Folder that holds the code (for inline code, a folder it was written to).
        timeout: Declared timeout in seconds.
        memory: Declared memory in MB.
        layers: Unpacked content of its layers, first one first.
        architecture: "x86_64" or "arm64".
        debug_port: Port on 127.0.0.1 where a debugger attaches; its first call waits
            for one, deadlines do not end it, and other environments of the function
            run without.
        build_properties: The template's Metadata.BuildProperties, for TypeScript.
        build: What has to be done before it runs; None when the code runs as it is.
        run: The user's own command that runs it, for the shell; "" for the runtime's.
        fetched: Those of its layers that never change, which nobody has to look at.
    """

    logical_id: str
    runtime: str
    handler: str
    code: Path
    timeout: int = 3
    memory: int = 128
    layers: tuple[Path, ...] = ()
    architecture: str = "x86_64"
    debug_port: int | None = None
    build_properties: Mapping[str, object] = field(default_factory=dict, hash=False)
    build: Build | None = None
    run: str = ""
    fetched: tuple[Path, ...] = ()

    @property
    def sources(self) -> tuple[Path, ...]:
        """Folders whose files may be edited: its code, and layers of the project."""
        return (self.code, *(layer for layer in self.layers if layer not in self.fetched))


@dataclass(frozen=True, slots=True)
class RelayConfig:
    """Everything a relay needs to serve one stage.

    Args:
        app: Name of the application.
        stage: Name of the stage.
        key: The stage's key, 32 bytes.
        owner: Who runs it, for presence and take-over, such as "ana@laptop".
        broker: The broker to connect to.
        functions: Live functions by logical id.
        project: Folder of the project: sources below it are the developer's own code.
        state: Folder for sockets, logs and caches, readable by the user alone.
        takeover: Take the stage from a relay that holds it, instead of refusing.
        storage: Where large payloads go; without one they go through the broker.
        idle_seconds: A worker without work for so long is ended.
    """

    app: str
    stage: str
    key: bytes = field(repr=False)
    owner: str
    broker: Broker
    functions: Mapping[str, LocalFunction]
    project: Path
    state: Path
    takeover: bool = False
    storage: Storage | None = None
    idle_seconds: float = 900.0
