"""One offline cloud for all tests of this folder, with one stack that they share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from offline_cloud import ROOT_KEY, Aws, zipped
from samlive.offline import Offline, start

APP = Path(__file__).parent / "cases" / "app"
BUCKET = "artifacts"


@pytest.fixture(scope="session")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offline]:
    with start(tmp_path_factory.mktemp("offline")) as running:
        yield running


@pytest.fixture(scope="session")
def aws(offline: Offline) -> Aws:
    return Aws(offline)


@pytest.fixture(scope="session")
def wrapper_layer() -> bytes:
    """A layer whose exec wrapper replaces the runtime."""
    return zipped(APP / "layer")


@pytest.fixture(scope="session")
def stack(aws: Aws) -> dict[str, str]:
    """Outputs of the stack of `app/template.yaml`."""
    s3 = aws.client("s3", **ROOT_KEY)
    s3.create_bucket(Bucket=BUCKET)
    for name in ("python", "node", "layer"):
        s3.put_object(Bucket=BUCKET, Key=name, Body=zipped(APP / name))
    template = (APP / "template.yaml").read_text()
    keys = {"Bucket": BUCKET, "PythonKey": "python", "NodeKey": "node", "LayerKey": "layer"}
    return aws.deploy("shared", template, keys)


@pytest.fixture(autouse=True)
def no_aws_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
