"""Names that a new stage asks for and somebody else has: all of them, before anything is deployed.

CloudFormation finds the first such name in the middle of a deploy, rolls everything back, and
finds the next one the next time. So the names of a rewritten template are looked up before its
first deploy, side by side, and told in one list with what can be done about each. What may not
or cannot be looked up does not stop anybody: it is named, and CloudFormation will tell.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samlive.deploy.aws import Aws
from samlive.deploy.faults import AwsError
from samlive.deploy.names_api import LOOKUPS, Home
from samlive.errors import SamliveError

if TYPE_CHECKING:
    from samlive_transform import Result
    from samlive_transform.named import Named

AT_ONCE = 8
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """The stage that wants names.

    Args:
        stage: Its name.
        stack: Name of its stack.
        parameters: Values of the template's parameters.
        home: Account and region.
    """

    stage: str
    stack: str
    parameters: Mapping[str, str]
    home: Home


def check(result: "Result", aws: Aws, wanted: Wanted, note: Callable[[str], None]) -> None:
    """Look for the names of a template that is deployed for the first time.

    Args:
        result: The rewritten template.
        aws: The account.
        wanted: The stage.
        note: Told which names could not be looked up.

    Raises:
        SamliveError: Names are taken; lists them all.
    """
    from samlive_transform.named import EXPORT_TYPE, named

    home = wanted.home
    pseudo = {
        "AWS::AccountId": home.account,
        "AWS::Partition": home.partition,
        "AWS::Region": home.region,
        "AWS::StackName": wanted.stack,
    }
    names = named(result, wanted.parameters, pseudo)
    exports = [each for each in names if each.type == EXPORT_TYPE]
    known = [each for each in names if each.type in LOOKUPS]
    skipped = [_without_lookup(each) for each in names if each not in (*exports, *known)]
    taken: list[tuple[Named, str | None]] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        looked = [(each, pool.submit(_holder, aws, each, home)) for each in known]
        exported = pool.submit(_exported, aws, exports) if exports else None
        for each, found in looked:
            try:
                held, stack = found.result()
            except AwsError as error:
                skipped.append(f"{each.name} ({_why(error, LOOKUPS[each.type].permission)})")
                continue
            if held and stack != wanted.stack:
                taken.append((each, stack))
        if exported is not None:
            try:
                taken += exported.result()
            except AwsError as error:
                skipped.append(f"exports ({_why(error, 'cloudformation:ListExports')})")
    if skipped:
        note(f"Not looked up whether these names are taken: {_listed(skipped)}.")
    if taken:
        raise _refusal(taken, wanted)


def _without_lookup(each: "Named") -> str:
    return f"{each.name} ({each.type})"


def _holder(aws: Aws, each: "Named", home: Home) -> tuple[bool, str | None]:
    resource = aws.taken(LOOKUPS[each.type], each.name, home)
    return (False, None) if resource is None else (True, aws.stack_with(resource))


def _exported(aws: Aws, wanted: Iterable["Named"]) -> list[tuple["Named", str | None]]:
    stacks = dict(aws.exports())
    return [(each, stacks[each.name]) for each in wanted if each.name in stacks]


def _why(error: AwsError, permission: str) -> str:
    denied = "Denied" in error.code or "Unauthorized" in error.code or error.code == "403"
    return f"you may not call {permission}" if denied else f"{permission}: {error.code or 'no'}"


def _listed(texts: list[str]) -> str:
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _refusal(taken: Iterable[tuple["Named", str | None]], wanted: Wanted) -> SamliveError:
    lines = [
        f"  {each.place}: {each.logical_id}.{each.property} {each.name}: "
        f"{f'the stack {stack} has it' if stack else 'it exists'}; {_fix(each, stack, wanted)}"
        for each, stack in taken
    ]
    return SamliveError(
        "Names of this stage are taken in the account, so its deploy would fail:\n"
        + "\n".join(lines),
        "Nothing was deployed.",
    )


def _fix(each: "Named", stack: str | None, wanted: Wanted) -> str:
    if each.parameters:
        return f"choose another: --parameter-overrides {each.parameters[0]}=..."
    if stack is None and each.name.lower().endswith(wanted.stage.lower().replace("_", "-")):
        return (
            "an earlier stage of this name may have left it: delete it, or choose another --stage"
        )
    if stack is not None:
        return "choose another --stage, or another name in the template"
    return "delete it, or choose another --stage or another name in the template"
