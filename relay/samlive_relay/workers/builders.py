"""aws-lambda-builders, told to leave samlive's own folder alone.

Several builders copy the sources before they work on them. When the code is the project's own
folder (`CodeUri: ./`), `.samlive/` lies in it: with the folder that is copied to, which would be
copied into itself without end, with the stage's key, and with sockets, which no copy can be made
of. SAM has the same question with `.aws-sam`, and answers it with a list in each builder.

`python -m samlive_relay.workers.builders REQUEST` is `python -m aws_lambda_builders REQUEST`.
"""

from collections.abc import Iterator
from typing import Any

STATE_FOLDER = ".samlive"


def leave_out_own_folder() -> None:
    """Add samlive's folder to what the builders of this process do not copy."""
    import aws_lambda_builders.workflows  # noqa: F401  # each registers itself
    from aws_lambda_builders.workflow import BaseWorkflow

    for workflow in _below(BaseWorkflow):
        left_out = getattr(workflow, "EXCLUDED_FILES", ())
        if left_out and STATE_FOLDER not in left_out:
            workflow.EXCLUDED_FILES = (*left_out, STATE_FOLDER)


def _below(kind: Any) -> Iterator[Any]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def main() -> None:
    """Do what the request on the command line asks for."""
    from aws_lambda_builders.__main__ import main as build

    leave_out_own_folder()
    build()


if __name__ == "__main__":
    main()
