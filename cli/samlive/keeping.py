"""Keeps what a deployed stack is made of: its templates, nested ones too, and copies of its code.

Code is copied within S3 from where the templates say that it lies. Where it is not there any more,
or may not be read, the package that Lambda holds is kept in its place: after an adoption
CloudFormation would look for it again. What cannot be kept at all stops the adoption before
anything is changed.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from samlive.deploy.aws import Aws
from samlive.deploy.faults import AwsError
from samlive.deploy.original import Nested, Place, code_of
from samlive.errors import SamliveError

AT_ONCE = 8
_GONE = frozenset(("NoSuchKey", "NoSuchBucket", "404"))
_DENIED = frozenset(("AccessDenied", "403"))
_STACK = "AWS::CloudFormation::Stack"
_CODE = ("Code", "CodeUri")
_CHILD = ("TemplateURL", "Location")


@dataclass(frozen=True, slots=True)
class Level:
    """One stack of a tree of stacks, as it is deployed.

    Args:
        path: Logical ids that lead to it; empty for the root.
        template: Its template, word for word.
        tree: The same as data.
        resources: Physical ids by logical id.
    """

    path: str
    template: str = field(repr=False)
    tree: Mapping[str, Any] = field(repr=False)
    resources: Mapping[str, str]


def levels(aws: Aws, stack: str, path: str = "") -> Iterator[Level]:
    """Yield a stack and all stacks nested in it, each after the one that holds it.

    Args:
        aws: The account.
        stack: Name or id of the stack.
        path: Logical ids that lead to it.
    """
    from samlive_transform import parse

    template = aws.template(stack)
    listed = [each for each in aws.stack_resources(stack) if each.get("PhysicalResourceId")]
    resources = {each["LogicalResourceId"]: str(each["PhysicalResourceId"]) for each in listed}
    yield Level(path, template, parse(template, f"the template of {stack}").tree, resources)
    for each in listed:
        if each["ResourceType"] == _STACK:
            id = each["LogicalResourceId"]
            inner = f"{path}/{id}" if path else id
            yield from levels(aws, resources[id], inner)


def nested(found: list[Level]) -> tuple[Nested, ...]:
    """Return the templates of nested stacks, and where those above them say that they lie."""
    by_path = {level.path: level for level in found}
    kept = []
    for level in found:
        if not level.path:
            continue
        above, _, id = level.path.rpartition("/")
        place = _named_by(by_path[above].tree, id, _CHILD) or Place("", "")
        kept.append(Nested(level.path, place.bucket, place.key, level.template))
    return tuple(kept)


@dataclass(frozen=True, slots=True)
class Keeper:
    """Copies code into samlive's bucket.

    Args:
        aws: The account.
        account: Its id.
        bucket: The bucket.
        folder: Prefix of the copies' keys.
    """

    aws: Aws
    account: str
    bucket: str
    folder: str

    def copies(self, found: list[Level]) -> tuple[tuple[str, str, str], ...]:
        """Copy everything that templates name in S3; return [bucket, key, key of the copy].

        Raises:
            SamliveError: Something can be kept neither from S3 nor from Lambda.
        """
        functions: dict[Place, str] = {}
        places: dict[Place, None] = {}
        templates: dict[Place, str] = {}
        for level in found:
            places |= dict.fromkeys(code_of(level.tree))
            for id, physical in level.resources.items():
                if place := _named_by(level.tree, id, _CODE):
                    functions[place] = physical
        for each in nested(found):
            templates[Place(each.bucket, each.key)] = each.template
        with ThreadPoolExecutor(AT_ONCE) as pool:
            copies = [
                (place, pool.submit(self._copy, place, functions.get(place), templates.get(place)))
                for place in places
            ]
            return tuple((place.bucket, place.key, done.result()) for place, done in copies)

    def _copy(self, place: Place, function: str | None, template: str | None) -> str:
        copy = f"{self.folder}/code/{place.bucket}/{place.key}"
        try:
            self.aws.copy_object(place.bucket, place.key, self.bucket, copy, self.account)
        except AwsError as error:
            if error.code not in _GONE | _DENIED:
                raise
            if template is not None:
                content = template.encode()
            elif function is not None:
                content = self.aws.deployed_code(function)
            else:
                raise SamliveError(
                    f"s3://{place.bucket}/{place.key}, which the stack is made of, cannot be "
                    f"kept: {error.message.rstrip('.')}. So the stack could not be given back.",
                    "Deploy the stack anew, so that it is there, or ask for s3:GetObject on it.",
                ) from error
            self.aws.put_object(self.bucket, copy, content, self.account)
        return copy


def is_there(aws: Aws, place: Place) -> bool:
    """Tell whether an object can still be read where it was."""
    try:
        return aws.object_exists(place.bucket, place.key, None)
    except AwsError as error:
        if error.code in _DENIED:  # also what S3 says of one that is gone, to whom may not list
            return False
        raise


def _named_by(tree: Mapping[str, Any], id: str, properties: tuple[str, ...]) -> Place | None:
    """Return the object that a resource names in one of some properties."""
    body = tree["Resources"].get(id)
    own = body.get("Properties") if isinstance(body, dict) else None
    named = code_of([own.get(name) for name in properties]) if isinstance(own, dict) else []
    return named[0] if named else None
