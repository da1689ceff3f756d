"""Resource types the emulator does not know become resources that do nothing.

One alarm or one security group rule must not keep a whole brownfield template
from running offline. So AWS's types that have no handler get one that creates
nothing, whose attributes are placeholders, and that leaves a warning in the
log. `AWS::Serverless::…` is exempt: such a type left over means that the
template lacks its `Transform`. Typing errors in types are cfn-lint's to find.
"""

import logging
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

Handler = Mapping[str, Any]
REQUIRES = (
    "ministack.services.cloudformation.provisioners:_RESOURCE_HANDLERS",
    "ministack.services.cloudformation.changesets:_RESOURCE_HANDLERS",
    "ministack.core.responses:get_region",
    "ministack.core.responses:get_account_id",
)
_log = logging.getLogger("samlive.offline")


class Placeholders(dict[str, Any]):
    """Attributes of a resource that does nothing: there is one for every name."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        physical_id = dict.__getitem__(self, "Id")
        if name.endswith("Arn"):
            return f"{dict.__getitem__(self, 'ArnPrefix')}{physical_id}"
        return f"{physical_id}-{name.lower()}"


class Handlers(dict[str, Handler]):
    """The emulator's handlers, and a no-op one for AWS's other types."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or _is_ours(name)

    def __missing__(self, name: str) -> Handler:
        if not _is_ours(name):
            raise KeyError(name)
        return {"create": _creator(name), "update": _updater(name), "delete": _forget}

    def get(self, name: str, default: Any = None) -> Any:
        """Return the handler for a type, as `dict.get` does."""
        return self[name] if name in self else default


def _is_ours(name: object) -> bool:
    return (
        isinstance(name, str)
        and name.startswith(("AWS::", "Alexa::"))
        and not name.startswith("AWS::Serverless::")
    )


def _creator(type_name: str) -> Any:
    def create(logical_id: str, props: dict[str, Any], stack: str) -> tuple[str, Placeholders]:
        _log.warning("%s (%s) does nothing offline", type_name, logical_id)
        physical_id = f"{stack}-{logical_id}-{uuid.uuid4().hex[:8]}"
        return physical_id, _placeholders(type_name, physical_id)

    return create


def _updater(type_name: str) -> Any:
    def update(
        physical_id: str, old: object, new: object, stack: str, logical_id: str | None = None
    ) -> tuple[str, Placeholders]:
        return physical_id, _placeholders(type_name, physical_id)

    return update


def _placeholders(type_name: str, physical_id: str) -> Placeholders:
    from ministack.core.responses import get_account_id, get_region

    service = type_name.split("::")[1].lower()
    prefix = f"arn:aws:{service}:{get_region()}:{get_account_id()}:"
    return Placeholders(Id=physical_id, ArnPrefix=prefix)


def _forget(physical_id: str, props: object) -> None:
    """Delete nothing, as nothing was created."""


def install(parts: "Parts") -> None:
    """Put the no-op handlers behind the emulator's own."""
    from ministack.services.cloudformation import changesets, provisioners

    handlers = Handlers(provisioners._RESOURCE_HANDLERS)
    provisioners._RESOURCE_HANDLERS = handlers
    changesets._RESOURCE_HANDLERS = handlers
