"""What the transform reports of a function, for tests that change a little of it."""

from samlive_transform.report import FunctionReport

REPORT = FunctionReport(
    logical_id="Orders",
    live=True,
    reason="",
    runtime="python3.12",
    handler="app.handler",
    code="src",
    inline=None,
    timeout=10,
    memory=256,
    layers=(),
    architecture="arm64",
    package="Zip",
    line=1,
    file="",
    metadata={},
)
