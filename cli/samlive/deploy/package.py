"""Turns local artifacts into uploads, and the template into one that names them.

Where an object will lie follows from its content, so everything is known before
anything is uploaded: the plan shows it, and what lies there already stays.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samlive.deploy import archive, build
from samlive.deploy.image_build import Images
from samlive.errors import SamliveError
from samlive_transform.deployed import render_deployed
from samlive_transform.placing import place
from samlive_transform.report import Artifact

if TYPE_CHECKING:
    from samlive_transform import Result


@dataclass(frozen=True, slots=True)
class Upload:
    """One object that has to be in the bucket.

    Args:
        key: Its key, which follows from its content.
        body: Its content.
        origin: What it is, for people: the resource and its local path.
    """

    key: str
    body: bytes = field(repr=False)
    origin: str


@dataclass(frozen=True, slots=True)
class Store:
    """The bucket that artifacts go to.

    Args:
        bucket: Its name.
        prefix: Prefix of all keys, without a slash at its end.
        region: Its region.
        suffix: Domain of AWS in its partition.
        owner: Account that must own it; None for a bucket that the user names.
    """

    bucket: str
    prefix: str
    region: str
    suffix: str = "amazonaws.com"
    owner: str | None = None

    def key(self, content: bytes, ending: str) -> str:
        """Return the key of some content."""
        name = f"{archive.digest(content)}{ending}"
        return f"{self.prefix}/{name}" if self.prefix else name

    def url(self, key: str) -> str:
        """Return the HTTPS address of an object."""
        return f"https://s3.{self.region}.{self.suffix}/{self.bucket}/{key}"


def prepare(
    result: "Result", store: Store, cache: Path, images: Images | None = None
) -> tuple[dict[str, Any], tuple[Upload, ...]]:
    """Return the template with artifacts named as they will lie in the bucket, and the uploads.

    Nested templates come first: where one lies depends on what lies in it.

    Args:
        result: A rewritten template; it is not changed.
        store: The bucket.
        cache: Where builds are kept.
        images: Builds container images; None when nobody says where they go.

    Raises:
        SamliveError: An artifact does not exist, or cannot be built.
    """
    tree = result.template
    uploads: dict[str, Upload] = {}
    children = {(n.artifact.logical_id, n.artifact.path): n.result for n in result.nested}
    for artifact in result.artifacts:
        if artifact.kind == "image":
            tree = place(tree, artifact, (images or Images("")).build(artifact))
            continue
        child_result = children.get((artifact.logical_id, artifact.path))
        if child_result is not None:
            child, inner = prepare(child_result, store, cache, images)
            uploads |= {upload.key: upload for upload in inner}
            content, ending = render_deployed(child).encode(), ".template"
        else:
            content, ending = _content(artifact, cache)
        key = store.key(content, ending)
        uploads.setdefault(key, Upload(key, content, _origin(artifact)))
        tree = place(tree, artifact, _reference(artifact.form, store, key))
    return tree, tuple(uploads.values())


def _origin(artifact: Artifact) -> str:
    from samlive_transform.artifacts import EMPTY_LAYER

    if Path(artifact.local) == EMPTY_LAYER:
        return f"{artifact.logical_id}: empty, as no kept function uses it"
    return f"{artifact.logical_id}: {artifact.local}"


def _content(artifact: Artifact, cache: Path) -> tuple[bytes, str]:
    path = Path(artifact.local)
    if not path.exists():
        raise SamliveError(
            f"{artifact.logical_id}.{artifact.path}: {path} does not exist.",
            "Mend the path in the template, or build what belongs there first.",
        )
    if path.is_dir():
        if artifact.function is not None:
            return build.package(artifact.function, path, cache), ".zip"
        if artifact.layer is not None:
            return build.layer(artifact.layer, path, cache), ".zip"
        return archive.zip_folder(path), ".zip"
    if artifact.zipped and path.suffix not in (".zip", ".jar"):
        return archive.zip_file(path), ".zip"
    return path.read_bytes(), path.suffix


def _reference(form: str, store: Store, key: str) -> Any:
    if form == "uri":
        return f"s3://{store.bucket}/{key}"
    if form == "url":
        return store.url(key)
    bucket_name, _, key_name = form.partition(",")
    return {bucket_name: store.bucket, key_name: key}
