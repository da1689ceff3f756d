"""Gives live functions Lambda's longest timeout, so that a breakpoint may rest.

The declared timeout stays in the report: the relay warns when an invocation
would have timed out in production. Two callers set a lower limit: Lambda
refuses a queue whose visibility timeout is below the function's timeout, and a
queue outside the template cannot be changed here; brokers repeat a batch after
14 minutes.

A custom resource whose function is live all the same (`--live`) gets a limit as
well: CloudFormation would wait an hour for an answer, on removal too.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
https://docs.aws.amazon.com/lambda/latest/dg/with-msk-configure.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
"""

from collections.abc import Iterator

from samlive_stub.contract import MAX_TIMEOUT_SECONDS
from samlive_transform.steps import Note
from samlive_transform.triggers import queue_triggers, triggers
from samlive_transform.view import Decision, View

BROKER_SECONDS = 840
_REASON = "an invocation may rest at a breakpoint; the declared timeout is kept in the report"
_BROKER = "as long as Kafka, MQ and DocumentDB wait for a batch (14 minutes)"
_CAPPED = (
    "is fed by a queue outside the template, whose visibility timeout samlive cannot raise: "
    "the declared timeout stays"
)


_SERVICE = "or the stack would wait an hour for an answer when nobody listens"


def rule(view: View) -> Iterator[Decision]:
    """Yield a timeout for every live function, and for custom resources that call one."""
    if view.options.keep_timeouts:
        return
    polled = queue_triggers(view.template)
    outside = {each.trigger.function for each in polled if each.outside}
    brokers = {trigger.function for trigger in triggers(view.template) if trigger.is_broker}
    for function in view.live:
        if function.id in outside:
            yield Note(function.at("Timeout"), _CAPPED)
        elif function.id in brokers:
            yield from function.exactly({"Timeout": BROKER_SECONDS}, _BROKER)
        else:
            yield from function.exactly({"Timeout": MAX_TIMEOUT_SECONDS}, _REASON)
    for resource in view.template.resources.values():
        called = view.template.called(resource.own.get("ServiceToken"))
        if view.live_ids.intersection(called) and "ServiceTimeout" not in resource.own:
            yield from resource.set("ServiceTimeout", MAX_TIMEOUT_SECONDS, _SERVICE)
