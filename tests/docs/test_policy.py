"""The policies on the page are the ones that are used."""

import json

from doc_pages import ROOT, blocks
from samlive_stub.contract import STUB_ACCESS
from samlive_templates import render

PAGE = (ROOT / "docs" / "aws-permissions.md").read_text(encoding="utf-8")


def test_the_developers_policy_is_the_rendered_template() -> None:
    rendered = render(
        "policy/developer.json.j2",
        partition="aws",
        account="123456789012",
        region="eu-central-1",
    )
    documented = next(block for block in blocks(PAGE) if '"Statement"' in block)
    assert documented == rendered.rstrip("\n")
    json.loads(documented)


def test_every_statement_of_the_developers_policy_is_explained() -> None:
    policy = json.loads(next(block for block in blocks(PAGE) if '"Statement"' in block))
    assert [s["Sid"] for s in policy["Statement"] if f"`{s['Sid']}`" not in PAGE] == []


def test_the_stubs_actions_are_the_contracts() -> None:
    for action, resources in STUB_ACCESS:
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{action}` |")]
        for resource in resources:
            assert f"`{resource.format(app='<app>', stage='<stage>')}`" in row
