"""What all execution environments of a cloud share, and how one is prepared."""

from dataclasses import dataclass
from pathlib import Path

from samlive.offline.groups import Groups
from samlive.offline.sandbox import interpreters, variables
from samlive.offline.sandbox.content import Content
from samlive.offline.sandbox.function import Function
from samlive.offline.sandbox.places import places
from samlive.offline.sandbox.process import Start


@dataclass(frozen=True, slots=True)
class House:
    """What environments share.

    Args:
        content: Unpacked packages and layers.
        sdk: Folder that holds boto3, for Python functions.
        groups: Process groups, killed with the cloud.
        folder: For the environments' own folders.
        logs: For their output.
        endpoint_url: Address of the offline AWS APIs.
        isolation: How /opt and /var/task are stood in for.
    """

    content: Content
    sdk: Path
    groups: Groups
    folder: Path
    logs: Path
    endpoint_url: str
    isolation: str

    def own_folder(self, stream: str) -> Path:
        """Return the folder of the environment with this log stream."""
        return self.folder / stream[-32:]

    def prepare(self, function: Function, stream: str, runtime_api: str) -> Start:
        """Unpack a function and make its folder.

        Args:
            function: What is to run.
            stream: Log stream name of the environment.
            runtime_api: Address of its Runtime API.

        Raises:
            NoEntryPointError: There is nothing to start.
            zipfile.BadZipFile: Its package or a layer is no zip.
        """
        task = self.content.unpacked((function.code,) if function.code else ())
        opt = self.content.unpacked(tuple(layer.content for layer in function.layers))
        own = self.own_folder(stream)
        where = places(self.isolation, task, opt, self.sdk, own)
        command = interpreters.command(function, where, task, opt)
        own.mkdir(mode=0o700, parents=True)
        return Start(
            command=command,
            variables=variables.environment(
                function, where, stream, self.endpoint_url, runtime_api
            ),
            folder=task,
            log=self.logs / function.name / f"{stream[-32:]}.log",
        )
