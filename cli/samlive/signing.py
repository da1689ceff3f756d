"""The credentials of the relay's handshakes: as they are now, or why there are none.

Temporary credentials that a tool has written into a file do not say when they
end, and AWS IoT answers expired ones like any others that it does not know. So
when the same ones are needed again after a while, AWS is asked about them first.
"""

import time
from typing import TYPE_CHECKING

from samlive.deploy.aws import Aws
from samlive.deploy.clients import Keys
from samlive.deploy.faults import AwsError, has_expired, renewal

if TYPE_CHECKING:
    from samlive_relay.config import AwsCredentials

GOOD_SECONDS = 60.0
"""For so long credentials are not asked about again."""


class Signing:
    """Gives the relay credentials, at every connect.

    Args:
        aws: The account.
    """

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._good: Keys | None = None
        self._good_until = 0.0

    def __call__(self) -> "AwsCredentials":
        """Return the credentials; called on a thread.

        Raises:
            RelayError: There are none, or they have expired; says how they are renewed.
        """
        from samlive_relay.config import AwsCredentials
        from samlive_relay.errors import RelayError

        try:
            keys = self._aws.renewed_keys()
            self._check(keys)
        except AwsError as error:
            hint = renewal(self._aws.access, running=True)
            raise RelayError(error.message, hint) from error
        return AwsCredentials(keys.access_key_id, keys.secret_access_key, keys.session_token)

    def _check(self, keys: Keys) -> None:
        now = time.monotonic()
        if keys.session_token and keys == self._good and now >= self._good_until:
            try:
                self._aws.identity()
            except AwsError as error:
                if has_expired(error):
                    raise
                return  # without an answer the handshake tells more
        self._good, self._good_until = keys, now + GOOD_SECONDS
