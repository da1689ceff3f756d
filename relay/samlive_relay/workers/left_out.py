"""What of a function's environment in Lambda has no counterpart here, to be said once."""

from collections.abc import Iterator, Mapping

from samlive_relay.config import LocalFunction

WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"


def texts(function: LocalFunction, variables: Mapping[str, str]) -> Iterator[str]:
    """Yield what the user should know.

    Args:
        function: The function.
        variables: Its environment variables.
    """
    names: list[str] = []
    for layer in function.layers:
        folder = layer / "extensions"
        if folder.is_dir():
            names += sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    if names:
        yield f"extensions in its layers are not run here: {', '.join(names)}."
    if wrapper := variables.get(WRAPPER):
        yield f"the wrapper script {wrapper} ({WRAPPER}) is not run here."
