"""`samlive status`: the stage's stack, its functions, and the session that serves it."""

from collections.abc import Mapping
from typing import Any

from samlive import output, stage
from samlive.access import Access
from samlive.deploy import standing
from samlive.deploy.aws import Aws
from samlive.deployment import stack_name
from samlive.rewriting import options, recall, rewrite
from samlive.settings import Settings
from samlive.state import Project


def run(settings: Settings, environment: Mapping[str, str]) -> int:
    """Print the state of the stage; return the exit status.

    Args:
        settings: What the user wants.
        environment: Environment variables.
    """
    project = Project(settings.folder)
    name = stage.required(settings, project)
    record = project.of(name).record
    region = settings.text("region") or record.get("region")
    aws = Aws(Access(environment, region, settings.text("profile")))
    stack = stack_name(settings, name, record)
    found = aws.stack(stack)
    output.make(settings.output).tell(
        "status",
        stage=name,
        app=settings.app,
        stack=stack,
        region=aws.region,
        state=found["StackStatus"] if found else "not deployed",
        changed=str((found or {}).get("LastUpdatedTime") or (found or {}).get("CreationTime", "")),
        made_by=standing.tags_of(found or {}).get(standing.VERSION_TAG, ""),
        functions=_functions(settings, name, record),
    )
    return 0


def _functions(settings: Settings, name: str, record: Mapping[str, Any]) -> dict[str, str]:
    result = rewrite(settings.template, options(settings, name, recall(record, settings)))
    return {
        f.logical_id: "live" if f.live else f"kept: {f.reason}" for f in result.report.functions
    }
