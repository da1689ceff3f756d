"""Layers named by ARN: what is not unpacked, and what is kept."""

import base64
import hashlib
import io
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from samlive.deploy.faults import AwsError
from samlive.layer_cache import LayerCache, home
from samlive.unpacking import Unsafe, unpack
from stubbed_aws import StubbedAws

ARN = "arn:aws:lambda:eu-central-1:123456789012:layer:tools:{}"
LINK = stat.S_IFLNK | 0o777


def zipped(*entries: tuple[str, str, int]) -> bytes:
    """Return a zip of (name, content, mode)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def file(name: str, content: str = "x", mode: int = 0o100644) -> tuple[str, str, int]:
    return name, content, mode


REFUSED = {
    "a name that climbs": zipped(file("../evil")),
    "a name that climbs later": zipped(file("a/../../evil")),
    "an absolute name": zipped(file("/etc/evil")),
    "a name with backslashes": zipped(file("..\\evil")),
    "a link that climbs": zipped(("lib/link", "../../evil", LINK)),
    "an absolute link": zipped(("link", "/etc/passwd", LINK)),
    "links that climb together": zipped(("d", ".", LINK), ("e", "d/../..", LINK)),
    "links that climb by one another": zipped(
        ("a/b/up", "..", LINK), ("out", "a/b/up/../../evil", LINK)
    ),
    "a file below a link": zipped(("d", "/opt", LINK), file("d/evil")),
    "a file that is a folder": zipped(file("a"), file("a/b")),
    "a folder that is a file": zipped(file("a/b"), file("a")),
    "more than a layer can be": zipped(file("large", "0" * 2000)),
    "no zip": b"hello",
    "half a zip": zipped(file("a", "content" * 100))[:60],
    "a circle of links": zipped(("a", "b", LINK), ("b", "a", LINK)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_could_do_harm_is_not_unpacked(tmp_path: Path, case: str) -> None:
    inner = tmp_path / "cache"
    inner.mkdir()
    with pytest.raises(Unsafe):
        unpack(REFUSED[case], inner / "layer", limit=1000)
    assert list(inner.iterdir()) == []
    assert list(tmp_path.iterdir()) == [inner]


def test_a_layer_is_unpacked_for_its_owner_alone(tmp_path: Path) -> None:
    content = zipped(
        file("python/tool.py", "x = 1\n"),
        file("bin/run", "#!/bin/sh\n", 0o104755),
        ("lib/libz.so", "libz.so.1", LINK),
        file("lib/libz.so.1", "ELF"),
        ("etc/own", "/opt/python/tool.py", LINK),
        ("empty/", "", 0o40755),
    )
    unpack(content, tmp_path / "layer")
    layer = tmp_path / "layer"
    assert (layer / "python/tool.py").read_text() == "x = 1\n"
    assert (layer / "lib/libz.so").read_text() == "ELF"
    assert (layer / "etc/own").resolve() == layer / "python/tool.py"
    assert (layer / "empty").is_dir()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in layer.rglob("*")}
    assert modes["tool.py"] == 0o600
    assert modes["run"] == 0o700
    assert modes["python"] & 0o077 == 0
    assert stat.S_IMODE(layer.stat().st_mode) == 0o700


class Account:
    """Serves layers and counts how often."""

    def __init__(self, **layers: bytes) -> None:
        self.layers = {ARN.format(number): content for number, content in layers.items()}
        self.asked: list[str] = []
        self.digest: Callable[[bytes], str] = lambda content: base64.b64encode(
            hashlib.sha256(content).digest()
        ).decode()

    def __call__(self, arn: str, most: int) -> tuple[bytes, str]:
        self.asked.append(arn)
        if arn not in self.layers:
            raise AwsError("lambda:GetLayerVersion was denied.", code="AccessDenied")
        return self.layers[arn], self.digest(self.layers[arn])


def test_what_cannot_be_had_is_told_once_and_left_out(tmp_path: Path) -> None:
    account = Account(good=zipped(file("python/a.py")), bad=zipped(file("../evil")))
    cache = LayerCache(tmp_path / "layers", account)
    told: list[tuple[str, str]] = []
    wanted = [ARN.format(name) for name in ("good", "bad", "gone")]
    for _ in range(2):
        found = cache.get(wanted, lambda arn, why: told.append((arn, why)))
        assert list(found) == [ARN.format("good")]
    assert told == [
        (ARN.format("bad"), "its entry '../evil' leads out of it"),
        (ARN.format("gone"), "lambda:GetLayerVersion was denied"),
    ]
    assert sorted(account.asked) == sorted(wanted)


def test_content_with_another_digest_is_not_used(tmp_path: Path) -> None:
    account = Account(one=zipped(file("python/a.py")))
    account.digest = lambda content: base64.b64encode(bytes(32)).decode()
    told: list[str] = []
    cache = LayerCache(tmp_path / "layers", account)
    assert cache.get([ARN.format("one")], lambda arn, why: told.append(why)) == {}
    assert "SHA-256" in told[0]
    assert not (tmp_path / "layers").exists()


def test_without_an_account_only_what_was_kept_is_used(tmp_path: Path) -> None:
    arn = ARN.format("one")
    told: list[str] = []
    LayerCache(tmp_path, None).get([arn], lambda arn, why: told.append(why))
    assert "never fetched" in told[0]
    LayerCache(tmp_path, Account(one=zipped(file("a")))).get([arn])
    assert (LayerCache(tmp_path, None).get([arn])[arn] / "a").is_file()


def test_a_layer_is_fetched_once_for_all_sessions(tmp_path: Path) -> None:
    account = Account(one=zipped(file("python/a.py")))
    arn = ARN.format("one")
    folders = [LayerCache(tmp_path / "layers", account).get([arn])[arn] for _ in range(3)]
    assert len(set(folders)) == 1
    assert account.asked == [arn]
    assert stat.S_IMODE((tmp_path / "layers").stat().st_mode) == 0o700


def test_layers_of_an_embedded_cloud_are_fetched_at_every_start(tmp_path: Path) -> None:
    arn = ARN.format("one")
    for text in ("first", "second"):
        account = Account(one=zipped(file("a", text)))
        folder = LayerCache(tmp_path / "layers", account, fresh=True).get([arn])[arn]
        assert (folder / "a").read_text() == text


def test_the_cache_lies_where_the_user_keeps_caches(tmp_path: Path) -> None:
    assert home({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "samlive" / "layers"
    assert home({"XDG_CACHE_HOME": "relative"}).is_relative_to(Path.home())
    assert home({}) == Path.home() / ".cache" / "samlive" / "layers"


def test_a_layer_that_is_too_large_is_not_downloaded() -> None:
    aws = StubbedAws()
    content = {"Location": "http://127.0.0.1:9/x", "CodeSha256": "", "CodeSize": 11}
    aws.answer("lambda", "get_layer_version_by_arn", {"Content": content})
    with pytest.raises(AwsError, match="11 bytes"):
        aws.layer_version(ARN.format(1), 10)
    aws.check_all_asked()


def test_nothing_of_the_archive_is_trusted_about_its_size(tmp_path: Path) -> None:
    content = bytearray(zipped(file("a", "0" * 5000)))
    for at in range(len(content) - 4):
        if content[at : at + 4] == (5000).to_bytes(4, "little"):
            content[at : at + 4] = (5).to_bytes(4, "little")
    with pytest.raises(Unsafe):
        unpack(bytes(content), tmp_path / "layer", limit=100)
    assert os.listdir(tmp_path) == []
