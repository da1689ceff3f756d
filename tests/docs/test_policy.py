"""The policies on the page are the ones that are used."""

import json

from doc_pages import ROOT, blocks, loaded
from samlive_stub.contract import STUB_ACCESS

PAGE = (ROOT / "docs" / "aws-permissions.md").read_text(encoding="utf-8")


def test_the_developers_policy_is_the_rendered_template() -> None:
    script = loaded("policy_page")
    assert script.page() == PAGE, "run python docs/policy_page.py"


def test_every_statement_of_the_developers_policy_is_explained() -> None:
    policy = json.loads(next(block for block in blocks(PAGE) if '"Statement"' in block))
    assert [s["Sid"] for s in policy["Statement"] if f"`{s['Sid']}`" not in PAGE] == []


def test_the_stubs_actions_are_the_contracts() -> None:
    for action, resources in STUB_ACCESS:
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{action}` |")]
        for resource in resources:
            assert f"`{resource.format(app='<app>', stage='<stage>')}`" in row
