"""Takes over a stack that somebody else deployed, and gives it back.

    adopt      keep template, parameters, tags and code copies in samlive's bucket,
               and the same beside the template; then deploy the stubs to the stack
    restore    one change set with what was kept; also from another machine

Nothing is changed before everything is kept. The tag `samlive:adopted` tells
an adopted stack from one that samlive made: `samlive remove` never deletes it.
"""

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from samlive import keeping
from samlive.deploy import bucket, standing
from samlive.deploy.aws import Aws
from samlive.deploy.faults import AwsError
from samlive.deploy.original import Original, Place, of_stack, replaced
from samlive.deploy.stack import MAX_INLINE_BYTES, ChangeSet, Stack, Watcher
from samlive.errors import SamliveError
from samlive.state import StageState, write_private

FILE = "original.json"


class Adoption:
    """One adopted stack.

    Args:
        aws: The account.
        account: Its id.
        stack: Name of the stack.
        state: The stage's state on this machine.
    """

    def __init__(self, aws: Aws, account: str, stack: str, state: StageState) -> None:
        self._aws = aws
        self._account = account
        self._stack = stack
        self._state = state
        self._bucket = bucket.name(account, aws.region)
        self._folder = f"{bucket.ADOPTED}{stack}"

    def keep(self, stack: Mapping[str, Any]) -> Original:
        """Keep everything that is needed to give the stack back; return it.

        Raises:
            SamliveError: The bucket or the stack's code cannot be read or written.
        """
        found = list(keeping.levels(self._aws, self._stack))
        if not self._aws.bucket_exists(self._bucket, self._account):
            self._aws.make_bucket(self._bucket, self._account, bucket.lifecycle())
        keeper = keeping.Keeper(self._aws, self._account, self._bucket, self._folder)
        kept = replace(
            of_stack(stack, found[0].template),
            copies=keeper.copies(found),
            nested=keeping.nested(found),
        )
        data = kept.encode()
        self._aws.put_object(self._bucket, f"{self._folder}/{FILE}", data, self._account)
        self._state.make()
        write_private(self._state.folder / FILE, data)
        return kept

    def kept(self) -> Original:
        """Return what was kept: of this machine, else of the bucket.

        Raises:
            SamliveError: Nothing was.
        """
        local = self._state.folder / FILE
        if local.is_file():
            return Original.decode(local.read_bytes())
        try:
            data = self._aws.get_object(self._bucket, f"{self._folder}/{FILE}", self._account)
        except AwsError as error:
            if error.code not in ("NoSuchKey", "NoSuchBucket", "404"):
                raise
            raise SamliveError(
                f"Nothing was kept of the stack {self._stack}.",
                "Deploy it again as it was deployed before, such as with `sam deploy`.",
            ) from error
        return Original.decode(data)

    def restore(self, stack: Mapping[str, Any], stop: threading.Event, watcher: Watcher) -> bool:
        """Give the stack its original template back; tell whether that changed anything.

        Args:
            stack: The stack as it is.
            stop: Set when the user wants to stop.
            watcher: Told of the stack's events.

        Raises:
            SamliveError: Nothing was kept, or the deploy fails.
        """
        original = self.kept()
        change = ChangeSet(
            stack=self._stack,
            create=False,
            template=self._body(self._template(original)),
            parameters=_parameters(original, stack),
            tags=original.tags,
            capabilities=original.capabilities
            or ("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"),
        )
        changed = Stack(self._aws, self._stack, stop, watcher).change(change)
        (self._state.folder / FILE).unlink(missing_ok=True)
        return changed

    def _template(self, original: Original) -> str:
        """Return the original text, or one that names copies of what is gone."""
        moved = {
            Place(bucket_name, key): Place(self._bucket, copy)
            for bucket_name, key, copy in original.copies
            if not keeping.is_there(self._aws, Place(bucket_name, key))
        }
        for child in reversed(original.nested):  # the innermost ones first
            text = _moved(child.template, moved)
            if text != child.template:
                key = f"{self._folder}/nested/{child.path}.template"
                self._aws.put_object(self._bucket, key, text.encode(), self._account)
                moved[Place(child.bucket, child.key)] = Place(self._bucket, key)
        return _moved(original.template, moved)

    def _body(self, text: str) -> dict[str, str]:
        data = text.encode()
        if len(data) <= MAX_INLINE_BYTES:
            return {"TemplateBody": text}
        key = f"{self._folder}/original.template"
        self._aws.put_object(self._bucket, key, data, self._account)
        return {"TemplateURL": f"https://s3.{self._aws.region}.amazonaws.com/{self._bucket}/{key}"}


def is_adopted(stack: Mapping[str, Any] | None) -> bool:
    """Tell whether a stack is one that samlive took over."""
    return stack is not None and standing.ADOPTED_TAG in standing.tags_of(stack)


def _moved(template: str, moved: Mapping[Place, Place]) -> str:
    """Return a template that names other objects in S3; the very text when it names none."""
    from samlive_transform import parse
    from samlive_transform.deployed import render_deployed

    tree = parse(template).tree
    new = replaced(tree, moved)
    return template if new == tree else render_deployed(new)


def _parameters(original: Original, stack: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    now = {each["ParameterKey"] for each in stack.get("Parameters", [])}
    found: list[Mapping[str, Any]] = []
    for name, value in original.parameters.items():
        if value is not None:
            found.append({"ParameterKey": name, "ParameterValue": value})
        elif name in now:
            found.append({"ParameterKey": name, "UsePreviousValue": True})
    return tuple(found)
