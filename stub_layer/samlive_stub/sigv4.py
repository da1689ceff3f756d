"""Signs the WebSocket handshake with the broker: Signature Version 4 in the query.

The signed service is `iotdevicegateway`, the only signed header is `host`
(exactly as the Host header carries it), and the session token follows the
signature unsigned: https://docs.aws.amazon.com/iot/latest/developerguide/protocols.html
A URL connects for minutes only, so it is made anew for each connection.
"""

import hashlib
import hmac
import time

SERVICE = "iotdevicegateway"
PATH = "/mqtt"
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_EMPTY = hashlib.sha256(b"").hexdigest()


def presign(
    host: str,
    region: str,
    key_id: str,
    secret: str,
    token: str | None,
    epoch: float,
    expires: int | None = None,
) -> str:
    """Return path and query of a signed handshake.

    Args:
        host: Value of the Host header.
        region: Region of the endpoint.
        key_id: Access key id.
        secret: Secret access key.
        token: Session token of temporary credentials.
        epoch: The time, seconds since 1970.
        expires: Seconds the URL should be valid; the broker decides for itself.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(epoch))
    scope = f"{stamp[:8]}/{region}/{SERVICE}/aws4_request"
    parts = [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", f"{key_id}/{scope}"),
        ("X-Amz-Date", stamp),
        ("X-Amz-SignedHeaders", "host"),
    ]
    if expires is not None:
        parts.insert(3, ("X-Amz-Expires", str(expires)))
    query = "&".join(f"{name}={quote(value)}" for name, value in parts)
    canonical = f"GET\n{PATH}\n{query}\nhost:{host}\n\nhost\n{_EMPTY}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in (stamp[:8], region, SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    suffix = f"&X-Amz-Security-Token={quote(token)}" if token else ""
    return f"{PATH}?{query}&X-Amz-Signature={signature}{suffix}"


def quote(text: str) -> str:
    """Percent-encode everything but RFC 3986's unreserved characters."""
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in text.encode())
