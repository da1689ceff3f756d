"""What holds of every rewrite, whatever the template."""

import copy
import json
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import transform_checks as checks
from samlive_transform import Result, parse, transform
from samlive_transform.macro import Fragment as MacroFragment
from transform_stage import Fragment, options
from transform_templates import templates

WISHES = st.fixed_dictionaries(
    {},
    optional={
        name: st.just(True)
        for name in ("keep_timeouts", "keep_vpc", "no_retries", "adopt", "attach_role_policy")
    },
)
SLOW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
QUICK = settings(deadline=None)


def rewritten(tree: dict[str, Any], wishes: dict[str, Any]) -> Result:
    return transform(Fragment(tree), options(**wishes))


@QUICK
@given(tree=templates(), wishes=WISHES)
def test_a_second_rewrite_changes_nothing(tree: dict[str, Any], wishes: dict[str, Any]) -> None:
    once = rewritten(tree, wishes)
    twice = rewritten(once.template, wishes)
    assert twice.template == once.template
    assert twice.report.changes == ()


@QUICK
@given(tree=templates(), wishes=WISHES)
def test_the_input_stays_and_the_output_is_the_same(
    tree: dict[str, Any], wishes: dict[str, Any]
) -> None:
    before = json.dumps(tree)
    first = rewritten(tree, wishes)
    assert json.dumps(tree) == before
    again = rewritten(copy.deepcopy(tree), wishes)
    assert (again.deployed(), again.report) == (first.deployed(), first.report)


@QUICK
@given(tree=templates(), wishes=WISHES)
def test_the_report_is_the_difference(tree: dict[str, Any], wishes: dict[str, Any]) -> None:
    source = parse(json.dumps(tree))
    result = transform(source, options(**wishes))
    assert list(checks.report(source, result)) == []


@QUICK
@given(tree=templates(), wishes=WISHES)
def test_nothing_of_the_users_is_removed_and_kept_functions_stay(
    tree: dict[str, Any], wishes: dict[str, Any]
) -> None:
    result = rewritten(tree, wishes)
    before, after = tree["Resources"], result.template["Resources"]
    assert list(after)[: len(before)] == list(before)
    assert {id: each["Type"] for id, each in before.items()} == {
        id: after[id]["Type"] for id in before
    }
    assert result.template["Globals"] == tree["Globals"]
    for each in result.report.functions:
        if not each.live:
            changed = set(checks.leaves(before[each.logical_id], after[each.logical_id]))
            assert {path[-1] for path in changed} <= {"FunctionName", "Name", "TABLE"}


@QUICK
@given(tree=templates(), wishes=WISHES)
def test_the_text_for_people_means_the_same(tree: dict[str, Any], wishes: dict[str, Any]) -> None:
    source = parse(yaml.safe_dump(tree, sort_keys=False))
    result = transform(source, options(**wishes))
    assert list(checks.people(source, result)) == []


@QUICK
@given(tree=templates(), wishes=WISHES)
def test_the_macro_makes_what_the_command_makes(
    tree: dict[str, Any], wishes: dict[str, Any]
) -> None:
    command = transform(parse(json.dumps(tree)), options(**wishes))
    assert transform(MacroFragment(tree), options(**wishes)).template == command.template


@SLOW
@given(tree=templates())
def test_sam_takes_the_result_and_what_it_makes_is_right(tree: dict[str, Any]) -> None:
    source = parse(json.dumps(tree))
    result = transform(source, options())
    before, after = checks.translations(source, result)
    if before is None:
        return  # SAM refuses a few made-up templates as they are
    assert not isinstance(after, str), after
    assert list(checks.permissions(result, after)) == []
    assert list(checks.queues(result, after)) == []
    assert list(checks.added(before, after)) == []
