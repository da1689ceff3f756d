"""The stack that holds the transform as a CloudFormation macro of one account and region.

    publish the stub layer -> upload the macro's zip -> change set from our template

The stack is known by a tag of its own; one without it is never touched. What
is the same for all stages (layer, endpoint) stands in the function's variables,
so a new samlive, or another stub, is a deploy away and needs no template edited.
The zip lies outside the part of the bucket that expires: a rollback reads it again.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from samlive import __version__, names
from samlive.deploy import archive, bucket, layer, standing
from samlive.deploy.aws import Aws
from samlive.deploy.stack import ChangeSet, Stack, Watcher
from samlive.errors import SamliveError

MACRO_TAG = "samlive:macro"
DEFAULT_NAME = "SamLive"
PREFIX = "macro/"
CAPABILITIES = ("CAPABILITY_IAM",)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a macro is made for.

    Args:
        app: Application of templates that name none.
        runtime: Managed Python runtime of its function.
        iot_region: Region whose AWS IoT carries the messages.
        role_arn: Role that CloudFormation assumes.
    """

    app: str
    runtime: str
    iot_region: str
    role_arn: str | None = None


class Macro:
    """One macro and its stack.

    Args:
        aws: The account.
        name: Name that templates put into `Transform`.
        stop: Set when the user wants to stop waiting.
        watcher: Told of the stack's events.

    Raises:
        SamliveError: The name is refused.
    """

    def __init__(self, aws: Aws, name: str, stop: threading.Event, watcher: Watcher) -> None:
        self.name = name
        self.stack_name = stack_name(name)
        self._aws = aws
        self._stack = Stack(aws, self.stack_name, stop, watcher)

    def find(self) -> dict[str, Any] | None:
        """Return the macro's stack; None when there is none.

        Raises:
            SamliveError: A stack of this name is not a macro of ours, or protected.
        """
        found = self._aws.stack(self.stack_name)
        if found is None or found["StackStatus"] == "REVIEW_IN_PROGRESS":
            return None
        if standing.tags_of(found).get(MACRO_TAG) != self.name:
            raise SamliveError(
                f"The stack {self.stack_name} was not made by samlive macro deploy.",
                "Choose another --name for the macro.",
            )
        return found

    def deploy(self, wanted: Wanted) -> bool:
        """Bring the macro to this version of samlive; tell whether anything changed.

        Raises:
            SamliveError: AWS refuses, or a resource fails.
        """
        found = self.find()
        if found is not None and standing.way(found) == "wait":
            self._stack.settle(str(found["StackId"]))
            found = self.find()
        if found is not None and standing.way(found) == "replace":
            self._stack.delete(str(found["StackId"]))
            found = None
        account = self._aws.identity().account
        _, digest = layer.build()
        stub = layer.find(self._aws, digest) or layer.publish(self._aws)
        store, key = self._upload(account)
        values = {"name": self.name, "bucket": store, "key": key, **self._settings(wanted, stub)}
        return self._stack.change(
            ChangeSet(
                stack=self.stack_name,
                create=found is None,
                template={"TemplateBody": _template(values)},
                parameters=(),
                tags={MACRO_TAG: self.name, standing.VERSION_TAG: __version__},
                capabilities=CAPABILITIES,
                further={"RoleARN": wanted.role_arn} if wanted.role_arn else {},
            )
        )

    def remove(self, role_arn: str | None = None) -> bool:
        """Delete the macro; tell whether there was one.

        Raises:
            SamliveError: The stack is not ours, or a resource cannot be deleted.
        """
        found = self.find()
        if found is None:
            return False
        if found.get("EnableTerminationProtection"):
            raise SamliveError(
                f"The stack {self.stack_name} is protected against deletion.",
                "End its termination protection first, when that is what you want.",
            )
        further = {"RoleARN": role_arn} if role_arn else {}
        self._stack.delete(str(found["StackId"]), **further)
        return True

    def variables(self) -> dict[str, str]:
        """Return the settings that the macro's function has."""
        return self._aws.function_variables(self.stack_name)

    def is_current(self, variables: Mapping[str, str]) -> bool:
        """Tell whether the deployed macro is the one that this samlive would deploy.

        Args:
            variables: The settings that its function has.
        """
        _, digest = layer.build()
        _, key = _zipped()
        known = variables.get("SAMLIVE_LAYER_DIGEST") == digest
        return known and key in self._aws.template(self.stack_name)

    def _settings(self, wanted: Wanted, stub: layer.Layer) -> dict[str, str]:
        from samlive_transform.macro_zip import HANDLER

        same = wanted.iot_region == self._aws.region
        return {
            "runtime": wanted.runtime,
            "handler": HANDLER,
            "app": wanted.app,
            "layer_arn": stub.arn,
            "layer_digest": stub.digest,
            "endpoint": self._aws.iot_endpoint(wanted.iot_region),
            "iot_region": "" if same else wanted.iot_region,
        }

    def _upload(self, account: str) -> tuple[str, str]:
        content, key = _zipped()
        store = bucket.name(account, self._aws.region)
        if not self._aws.bucket_exists(store, account):
            self._aws.make_bucket(store, account, bucket.lifecycle())
        if not self._aws.object_exists(store, key, account):
            self._aws.put_object(store, key, content, account)
        return store, key


def stack_name(name: str) -> str:
    """Return the name of a macro's stack.

    Args:
        name: Name of the macro: letters and digits.

    Raises:
        SamliveError: It cannot be one.
    """
    if not (name.isascii() and name.isalnum() and name[0].isalpha() and len(name) <= 40):
        raise SamliveError(
            f'"{name}" cannot be the name of the macro.',
            "Use letters and digits, a letter first, at most 40 characters.",
        )
    ending = "" if name == DEFAULT_NAME else f"-{name}"
    return names.check_stack(f"samlive-macro{ending}")


def _zipped() -> tuple[bytes, str]:
    from samlive_transform import macro_zip

    content = macro_zip.build()
    return content, f"{PREFIX}{archive.digest(content)}.zip"


def _template(values: Mapping[str, str]) -> str:
    from samlive_templates import render

    return render("macro/stack.yaml.j2", **values)
