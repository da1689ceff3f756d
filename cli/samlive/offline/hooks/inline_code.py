"""Inline code: the file is always called `index`.

CloudFormation writes `ZipFile` to `index.py` or `index.js`, so a handler in
another module fails at its first call. The emulator names the file after the
handler and hides the mistake.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
"""

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

REQUIRES = ("ministack.services.cloudformation.provisioners:_zip_inline",)
_HANDLER = "index.handler"


def install(parts: "Parts") -> None:
    """Zip inline code as `index`, whatever the handler."""
    from ministack.services.cloudformation import provisioners

    zip_inline = provisioners._zip_inline

    @functools.wraps(zip_inline)
    def zip_as_index(source: str | None, handler: str, *rest: str) -> bytes | None:
        zipped: bytes | None = zip_inline(source, _HANDLER, *rest)
        return zipped

    provisioners._zip_inline = zip_as_index
