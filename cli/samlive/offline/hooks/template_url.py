"""Template URLs: the bucket may stand in the host name.

`https://bucket.s3.us-east-1.amazonaws.com/key` is what the S3 console shows
and what nested stacks name. The emulator reads `https://s3…/bucket/key` only.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

import functools
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

REQUIRES = ("ministack.services.cloudformation.helpers:_resolve_document",)
_HOST = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9.-]*)\.(?P<rest>s3[.-][a-z0-9.-]*amazonaws\.com(?:\.cn)?)"
)


def path_style(url: str) -> str:
    """Return the URL with the bucket in its path."""
    scheme, separator, rest = url.partition("://")
    host, slash, key = rest.partition("/")
    found = _HOST.fullmatch(host)
    if not found:
        return url
    return f"{scheme}{separator}{found['rest']}/{found['bucket']}{slash}{key}"


def install(parts: "Parts") -> None:
    """Rewrite the URL before a document is fetched."""
    from ministack.services.cloudformation import helpers

    resolve = helpers._resolve_document

    @functools.wraps(resolve)
    def resolve_path_style(params: dict[str, Any], body_key: str, url_key: str, label: str) -> Any:
        urls = params.get(url_key)
        if isinstance(urls, list) and urls:
            params = {**params, url_key: [path_style(str(url)) for url in urls]}
        return resolve(params, body_key, url_key, label)

    helpers._resolve_document = resolve_path_style
