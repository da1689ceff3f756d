"""The page about the rules is what its generator makes of them."""

from doc_pages import loaded


def test_the_page_is_up_to_date() -> None:
    script = loaded("rules_page")
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), "run python docs/rules_page.py"
