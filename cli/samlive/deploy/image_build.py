"""Container images of kept functions: built by Docker, pushed to the repository the user names.

    plan     docker build; the tag follows from the image's id, so the template names it already
    apply    docker push, with a login of its own that no file of the user's sees

A function that runs from an image and cannot go live keeps its image, so its template needs one.
Values of build arguments travel in the environment: arguments of processes can be read by others.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samlive.deploy.aws import Aws
from samlive.errors import SamliveError
from samlive_transform.report import Artifact, FunctionReport

_REGISTRY = re.compile(r"[0-9]{12}\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com")
_PLATFORMS = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}
_SAID = 15
_ID_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class Image:
    """An image that is built and not pushed.

    Args:
        logical_id: The function that runs from it.
        uri: Repository and tag.
    """

    logical_id: str
    uri: str


class Images:
    """The images of one deploy.

    Args:
        repository: Repository of Amazon ECR, without a tag; empty when nobody names one.
    """

    def __init__(self, repository: str) -> None:
        self._repository = repository
        self.built: dict[str, Image] = {}

    def build(self, artifact: Artifact) -> str:
        """Build the image of a kept function; return its URI.

        Raises:
            SamliveError: It cannot be built; says why.
        """
        function, context = artifact.function, Path(artifact.local)
        assert function is not None
        docker = self._docker(function.logical_id)
        if not context.is_dir():
            raise SamliveError(
                f"{function.logical_id}: its DockerContext {context} does not exist.",
                "Mend the path in the template.",
            )
        with tempfile.TemporaryDirectory(prefix="samlive-image-") as folder:
            file = Path(folder, "id")
            words, variables = _build_words(function, context, file)
            _run([docker, "build", *words], f"{function.logical_id}: its image", variables)
            image = file.read_text().strip()
        name = re.sub(r"[^a-z0-9]+", "-", function.logical_id.lower())
        digest = image.rpartition(":")[2][:_ID_CHARACTERS]
        uri = f"{self._repository}:{name}-{digest}"
        _run([docker, "tag", image, uri], f"the tag {uri}")
        self.built[uri] = Image(function.logical_id, uri)
        return uri

    def push(self, aws: Aws, pushed: Callable[[Image], None]) -> None:
        """Push what was built; layers that are there already are not sent again.

        Args:
            aws: The account.
            pushed: Told of each image.

        Raises:
            SamliveError: It cannot be pushed; says why.
        """
        if not self.built:
            return
        registry = self._repository.partition("/")[0]
        found = _REGISTRY.match(registry)
        login = aws.registry_login(found["region"] if found else aws.region)
        with tempfile.TemporaryDirectory(prefix="samlive-docker-") as folder:
            file = Path(folder, "config.json")
            file.touch(mode=0o600)
            file.write_text(json.dumps({"auths": {registry: {"auth": login}}}))
            for image in self.built.values():
                docker = self._docker(image.logical_id)
                _run([docker, "--config", folder, "push", "--quiet", image.uri], image.uri)
                pushed(image)
        self.built.clear()

    def _docker(self, logical_id: str) -> str:
        docker = shutil.which("docker")
        if self._repository and docker:
            return docker
        raise SamliveError(
            f"{logical_id} is kept and runs from an image, which has to be built"
            + (", and Docker is not installed." if self._repository else " and pushed somewhere."),
            "Install Docker, or give the function's ImageUri."
            if self._repository
            else "Name a repository of Amazon ECR: --image-repository "
            "ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME, or give the function's ImageUri.",
        )


def _build_words(
    function: FunctionReport, context: Path, file: Path
) -> tuple[list[str], dict[str, str]]:
    """Return the arguments of `docker build`, and variables with the build arguments' values."""
    metadata = function.metadata
    dockerfile = context / str(metadata.get("Dockerfile", "Dockerfile"))
    platform = _PLATFORMS.get(function.architecture, _PLATFORMS["x86_64"])
    words = ["--file", str(dockerfile), "--platform", platform, "--iidfile", str(file)]
    words += ["--provenance=false"]  # Lambda takes no image index
    if target := metadata.get("DockerBuildTarget"):
        words += ["--target", str(target)]
    given: Any = metadata.get("DockerBuildArgs")
    values = {str(k): str(v) for k, v in given.items()} if isinstance(given, Mapping) else {}
    for name in values:
        words += ["--build-arg", name]
    return [*words, str(context)], values


def _run(words: list[str], what: str, variables: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        words,
        env={**os.environ, **(variables or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        said = "\n".join(done.stdout.strip().splitlines()[-_SAID:])
        verb = words[1] if words[1] != "--config" else "push"
        raise SamliveError(f"{what} cannot be made: docker {verb} says:\n{said}", "Mend it.")
