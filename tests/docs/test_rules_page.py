"""The page about the rules is what its generator makes of them."""

import importlib.util

from doc_pages import ROOT


def test_the_page_is_up_to_date() -> None:
    script = ROOT / "docs" / "rules_page.py"
    spec = importlib.util.spec_from_file_location("rules_page", script)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run python docs/rules_page.py"
