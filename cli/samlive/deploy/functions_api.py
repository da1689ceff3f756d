"""Calls to Lambda: layers, functions, event source mappings."""

from collections.abc import Iterator
from typing import Any

from samlive.deploy.clients import Clients
from samlive.deploy.faults import AwsError


class FunctionsApi(Clients):
    """What samlive asks of Lambda."""

    def layer_versions(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield (ARN, description) of a layer's versions, newest first."""
        marker: dict[str, str] = {}
        while True:
            try:
                answer = self._call("lambda", "list_layer_versions", LayerName=name, **marker)
            except AwsError as error:
                if error.code == "ResourceNotFoundException":
                    return
                raise
            for version in answer.get("LayerVersions", []):
                yield version["LayerVersionArn"], version.get("Description", "")
            if not answer.get("NextMarker"):
                return
            marker = {"Marker": answer["NextMarker"]}

    def publish_layer(
        self, name: str, description: str, content: bytes, runtimes: tuple[str, ...]
    ) -> str:
        """Publish a layer version; return its ARN (PublishLayerVersion)."""
        answer = self._call(
            "lambda",
            "publish_layer_version",
            LayerName=name,
            Description=description,
            Content={"ZipFile": content},
            CompatibleRuntimes=list(runtimes),
            LicenseInfo="Apache-2.0",
        )
        return str(answer["LayerVersionArn"])

    def layer_version(self, arn: str, most: int) -> tuple[bytes, str]:
        """Return a layer version's zip and its SHA-256 in base64 (GetLayerVersionByArn).

        Args:
            arn: ARN of the version; it may be another account's.
            most: Most bytes that the zip may have.

        Raises:
            AwsError: It cannot be had, or is larger.
        """
        answer = self._call("lambda", "get_layer_version_by_arn", Arn=arn)
        found = answer["Content"]
        if int(found.get("CodeSize") or 0) > most:
            raise AwsError(f"it has {found['CodeSize']} bytes, more than a layer can have")
        content = self._download(str(found["Location"]), "lambda:GetLayerVersion")
        return content, str(found["CodeSha256"])

    def function_variables(self, name: str) -> dict[str, str]:
        """Return a function's environment variables (GetFunctionConfiguration)."""
        answer = self._call("lambda", "get_function_configuration", FunctionName=name)
        variables: dict[str, str] = answer.get("Environment", {}).get("Variables", {})
        return variables

    def functions_with_layer(self, layer: str) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield name and variables of every function that has a layer (ListFunctions)."""
        marker: dict[str, str] = {}
        while True:
            answer = self._call("lambda", "list_functions", **marker)
            for each in answer["Functions"]:
                arns = [str(version["Arn"]) for version in each.get("Layers", [])]
                if any(f":layer:{layer}:" in arn for arn in arns):
                    yield each["FunctionName"], each.get("Environment", {}).get("Variables", {})
            if not answer.get("NextMarker"):
                return
            marker = {"Marker": answer["NextMarker"]}

    def registry_login(self, region: str) -> str:
        """Return a login of Amazon ECR, as Docker keeps it (GetAuthorizationToken)."""
        answer = self._call("ecr", "get_authorization_token", region=region)
        return str(answer["authorizationData"][0]["authorizationToken"])

    def deployed_code(self, name: str) -> bytes:
        """Return the zip that a function runs (GetFunction, and the URL that it answers)."""
        answer = self._call("lambda", "get_function", FunctionName=name)
        return self._download(str(answer["Code"]["Location"]), "lambda:GetFunction")

    def mapping(self, uuid: str) -> dict[str, Any] | None:
        """Return an event source mapping; None when it is gone (GetEventSourceMapping)."""
        try:
            found: dict[str, Any] = self._call("lambda", "get_event_source_mapping", UUID=uuid)
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise
        return found

    def enable_mapping(self, uuid: str, enabled: bool) -> None:
        """Switch an event source mapping on or off (UpdateEventSourceMapping)."""
        self._call("lambda", "update_event_source_mapping", UUID=uuid, Enabled=enabled)

    def function_url(self, function: str) -> str:
        """Return the URL of a function or of its alias (GetFunctionUrlConfig).

        Args:
            function: Name or ARN, ":alias" at its end when the URL is an alias's.
        """
        head, _, alias = function.rpartition(":")
        qualified = function.count(":") in (1, 7)
        where = {"FunctionName": head, "Qualifier": alias} if qualified else {}
        answer = self._call(
            "lambda", "get_function_url_config", **(where or {"FunctionName": function})
        )
        return str(answer["FunctionUrl"])
