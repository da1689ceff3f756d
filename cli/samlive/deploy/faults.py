"""What can go wrong between here and AWS, said so that its owner can mend it.

botocore's exceptions are many and speak of HTTP; the ones that a user can do
something about are told apart here, once, for every call.
"""

from typing import Any

from samlive.access import Access
from samlive.errors import SamliveError

POLICY_HINT = (
    "docs/aws-permissions.md of samlive has what it needs as a policy ready to paste; "
    "`samlive doctor` says what is missing."
)
SAM_HINT = "Add the line 'Transform: AWS::Serverless-2016-10-31' to the template."

_EXPIRED = frozenset(
    ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
)
_REFUSED = frozenset(
    (
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    )
)
_DENIED = frozenset(
    ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedException")
)
_SKEWED = frozenset(("RequestTimeTooSkewed", "RequestInTheFuture"))


class AwsError(SamliveError):
    """AWS refused a call, or could not be asked.

    Args:
        message: What was found.
        hint: What to do next.
        code: AWS's error code; empty when there was no answer.
    """

    def __init__(self, message: str, hint: str = "", code: str = "") -> None:
        super().__init__(message, hint)
        self.code = code

    @property
    def denied(self) -> bool:
        """Whether the permission is missing."""
        return self.code in _DENIED


def translate(error: Exception, access: Access, call: str) -> AwsError:
    """Return what to tell the user about an exception of botocore.

    Args:
        error: The exception.
        access: The account and region it came from.
        call: What was called, such as "cloudformation:DescribeStacks".
    """
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        return _answered(error, access, call)
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return AwsError(
            "No AWS credentials were found.",
            "Run `aws configure` or `aws sso login`, or name a profile with --profile. "
            "Without an account: samlive dev TEMPLATE --offline",
        )
    if isinstance(error, exceptions.ProfileNotFound):
        return AwsError(f"{error}.", "`aws configure list-profiles` shows those there are.")
    if isinstance(error, _expired_types(exceptions)):
        return AwsError(f"The AWS credentials have expired: {error}", renewal(access))
    if isinstance(error, exceptions.NoRegionError):
        return no_region()
    if isinstance(error, exceptions.ParamValidationError):
        raise error  # a mistake of samlive's own
    return _unreachable(error, access, call)


def no_region() -> AwsError:
    """Return what to say when nobody names a region."""
    return AwsError(
        "No AWS region is set.",
        "Name one: --region, `region` in samconfig.toml, AWS_REGION or the profile.",
    )


def has_expired(error: AwsError) -> bool:
    """Tell whether AWS said that the credentials have expired."""
    return error.code in _EXPIRED


def renewal(access: Access, running: bool = False) -> str:
    """Return how expired credentials are renewed.

    Args:
        access: Where they come from.
        running: Whether a session runs that will look for them by itself.
    """
    profile = access.profile or access.environment.get("AWS_PROFILE")
    if access.environment.get("AWS_SESSION_TOKEN") and not access.profile:
        return "They come from AWS_SESSION_TOKEN: export fresh ones, then run this again."
    command = f"aws sso login{f' --profile {profile}' if profile else ''}"
    if running:
        return f"Renew them, for example by `{command}`; the session goes on by itself."
    return f"Run `{command}`, then this again."


def _expired_types(exceptions: Any) -> tuple[type[Exception], ...]:
    return (
        exceptions.UnauthorizedSSOTokenError,
        exceptions.SSOTokenLoadError,
        exceptions.TokenRetrievalError,
        exceptions.SSOError,
        exceptions.CredentialRetrievalError,
    )


def _answered(error: Any, access: Access, call: str) -> AwsError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    said = str(error.response.get("Error", {}).get("Message", "")) or code
    if code in _EXPIRED:
        return AwsError("The AWS credentials have expired.", renewal(access), code)
    if code in _REFUSED:
        return AwsError(
            f"AWS does not accept the credentials: {said}",
            "Check with `aws sts get-caller-identity` which ones are in use.",
            code,
        )
    if code in _DENIED:
        return AwsError(f"You may not call {call}: {said}", POLICY_HINT, code)
    if code in _SKEWED:
        return AwsError(f"This machine's clock is wrong: {said}", "Set the clock.", code)
    hint = SAM_HINT if "Unrecognized resource types: [AWS::Serverless" in said else ""
    return AwsError(f"{call} failed: {said}", hint, code)


def _unreachable(error: Exception, access: Access, call: str) -> AwsError:
    where = access.endpoint_url or f"AWS in {access.region}"
    hint = (
        "Is the cloud that AWS_ENDPOINT_URL names running?"
        if access.endpoint_url
        else "Check the network, HTTPS_PROXY, AWS_CA_BUNDLE, and that the region exists."
    )
    text = " ".join(str(error).split())
    return AwsError(f"{where} cannot be reached ({call}): {text}", hint)
