"""A function as the sandbox sees it, and the answer of an invocation."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Layer:
    """One version of a layer, which never changes.

    Args:
        arn: Its ARN.
        content: Its zip.
    """

    arn: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Function:
    """One version of a function, ready to run.

    Args:
        name: Its name.
        arn: Its ARN, qualified when a version was published.
        version: "$LATEST" or a number.
        package: "Zip" or "Image".
        runtime: Such as "python3.13".
        handler: Such as "index.handler".
        timeout: Seconds.
        memory: MB, only told to the function.
        region: Region it lives in.
        account: Account it lives in.
        log_group: Where its logs would go.
        variables: Its own environment variables.
        credentials: AWS_ACCESS_KEY_ID and so on of its role's session.
        code: Its deployment package, a zip.
        code_sha: Digest of the package.
        layers: Its layers, first one first.
        log_format: "Text" or "JSON".
        log_level: Lowest level that is logged as JSON.
    """

    name: str
    arn: str
    version: str
    package: str
    runtime: str
    handler: str
    timeout: int
    memory: int
    region: str
    account: str
    log_group: str
    variables: Mapping[str, str] = field(repr=False)
    credentials: Mapping[str, str] = field(repr=False)
    code: bytes = field(repr=False)
    code_sha: str
    layers: tuple[Layer, ...]
    log_format: str = "Text"
    log_level: str = "INFO"

    def key(self) -> tuple[object, ...]:
        """Return what must be equal for an environment to be used again."""
        return (
            self.arn,
            self.code_sha,
            self.runtime,
            self.handler,
            self.timeout,
            self.memory,
            tuple(sorted(self.variables.items())),
            tuple(sorted(self.credentials.items())),
            tuple(layer.arn for layer in self.layers),
            self.log_format,
            self.log_level,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What an invocation came to.

    Args:
        body: The function's answer, or Lambda's error as JSON.
        error: Whether it is an error.
        log: What the environment wrote meanwhile.
        alive: Whether the environment can serve again.
    """

    body: bytes
    error: bool = False
    log: str = ""
    alive: bool = True
