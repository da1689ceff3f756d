"""REST APIs: `x-amazon-apigateway-any-method` in an OpenAPI body.

SAM writes it for `Method: any`. The emulator knows the method ANY, but its
import skips the key, so the path would answer 403.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

ANY_KEY = "x-amazon-apigateway-any-method"
REQUIRES = (
    "ministack.services.apigateway_v1:_import_path_item",
    "ministack.services.apigateway_v1:_OPENAPI_HTTP_METHODS",
)


def install(parts: "Parts") -> None:
    """Import the key as the method ANY."""
    from ministack.services import apigateway_v1

    original = apigateway_v1._import_path_item

    def import_path_item(
        api_id: str, path: str, path_item: dict[str, Any], *rest: object, **named: object
    ) -> None:
        item = {("any" if key == ANY_KEY else key): value for key, value in path_item.items()}
        original(api_id, path, item, *rest, **named)

    apigateway_v1._OPENAPI_HTTP_METHODS = {*apigateway_v1._OPENAPI_HTTP_METHODS, "any"}
    apigateway_v1._import_path_item = import_path_item
