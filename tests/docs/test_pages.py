"""Pages lead somewhere, and hold nothing that belongs to one machine."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import samlive
from doc_pages import PACKAGES, ROOT, anchors, blocks, links, located, pages, prose

PUBLIC_HOSTS = {
    "aws.amazon.com",
    "datatracker.ietf.org",
    "docs.aws.amazon.com",
    "docs.oasis-open.org",
    "github.com",
    "jinja.palletsprojects.com",
    "keepachangelog.com",
    "ministack.org",
    "semver.org",
    "sst.dev",
    "www.lldebugger.com",
    "www.rfc-editor.org",
}
"""Whom a page may name; anything else is a slip, such as a mirror of a registry."""

PLACEHOLDERS = re.compile(
    r"(.*\.)?(example|example\.(com|org|net)|localhost|127\.0\.0\.1|"
    r"(execute-api|iot|sqs|rds|s3)[\w.-]*\.amazonaws\.com)(:\d+)?$"
)
MACHINE_PATH = re.compile(r"(?<![\w.~$}/-])/(work|root|home|Users|mnt)/")

each_page = pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))


@each_page
def test_relative_links_resolve(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in links(text):
        if urlsplit(link).scheme:
            continue
        path, _, fragment = link.partition("#")
        target = located((page.parent / path).resolve()) if path else page
        assert target.exists(), f"{link} leads nowhere"
        if fragment:
            assert fragment in anchors(target.read_text(encoding="utf-8")), f"{link}: no such part"


@each_page
def test_names_only_public_hosts(page: Path) -> None:
    hosts = {
        urlsplit(url).netloc
        for url in re.findall(r"[a-z]+://[^\s)>\"'`|]+", page.read_text(encoding="utf-8"))
    }
    assert {host for host in hosts if not PLACEHOLDERS.match(host)} <= PUBLIC_HOSTS | {""}


@each_page
def test_names_no_path_of_a_machine(page: Path) -> None:
    assert MACHINE_PATH.search(page.read_text(encoding="utf-8")) is None


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    named = {link.partition("#")[0] for link in links(index)}
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"} <= named


def test_every_part_explains_itself() -> None:
    assert [part for part in PACKAGES if not (ROOT / part / "README.md").exists()] == []


def test_this_version_is_in_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(samlive.__version__)}\] - ", changelog, re.MULTILINE)


def test_the_changelog_keeps_its_order() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    order = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
    for release in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        found = re.findall(r"^### (\w+)$", release, re.MULTILINE)
        assert found == [name for name in order if name in found], release.splitlines()[0]


@each_page
def test_commands_of_make_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    quoted = "\n".join([*blocks(text), *re.findall(r"`([^`\n]+)`", prose(text))])
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make ([a-z-]+)", quoted, re.MULTILINE):
        assert f"\n{target}:" in makefile, f"make {target}"
