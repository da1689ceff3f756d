"""The names that the transform writes, the stub reads and the relay speaks.

Everything here is shared by at least two parts. Nothing here does I/O, and
nothing imports more than the interpreter has loaded anyway: the stub pays for
each import at every cold start.

Topics carry no leading slash (it would cost one of the seven levels AWS IoT
allows and makes IAM resources easy to get wrong). The fields of a client id
are joined by ":", which app and stage names cannot hold, so that an IAM
wildcard for stage "dev" never reaches stage "dev-2".
"""

VARIABLE = "SAMLIVE"
"""The one environment variable of a live function that holds `Settings`."""

ASIDE_PREFIX = "SAMLIVE_ENV_"
"""Prefix of the user's variables that must reach the local process, not the stub."""

WRAPPER_VARIABLE = "AWS_LAMBDA_EXEC_WRAPPER"
WRAPPER_PATH = "/opt/samlive/start"
KEY_PARAMETER = "SamLiveKey"
"""Template parameter (NoEcho) with the stage's key: 32 bytes, base64url, unpadded."""

LAYER_NAME = "samlive-stub"
ROOT = "samlive"

MAX_TIMEOUT_SECONDS = 900
"""Lambda's highest function timeout. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

MIN_STUB_MEMORY_MB = 512
"""Below it the TLS start-up of a cold stub takes about a second."""

MAX_PACKET_BYTES = 128 * 1024
"""Largest MQTT payload AWS IoT takes. https://docs.aws.amazon.com/general/latest/gr/iot-core.html"""

CHUNK_BYTES = 50 * 1024
"""Payload bytes of one frame at the most."""

PUBLISHES_PER_SECOND = 100
BYTES_PER_SECOND = 512 * 1024
"""Per connection, in and out; AWS IoT discards or delays what exceeds them (same page)."""

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
"""Largest synchronous request or response body of Lambda (its quota page)."""

MAX_STREAM_BYTES = 200 * 1024 * 1024
"""Largest streamed response of Lambda (same page)."""

MAX_APP_CHARACTERS = 40
MAX_STAGE_CHARACTERS = 24


def is_name(text: str, limit: int) -> bool:
    """Tell whether text can be an app or stage name: letters, digits and hyphens."""
    if not text.isascii() or not text[:1].isalpha() or len(text) > limit:
        return False
    return text.replace("-", "").isalnum()


def request_topic(app: str, stage: str, session: str, shard: int) -> str:
    """Topic on which stubs publish to one connection (shard) of one relay session."""
    return f"{ROOT}/{app}/{stage}/request/{session}/{shard}"


def reply_topic(app: str, stage: str, worker: str) -> str:
    """Topic on which the relay publishes to one execution environment."""
    return f"{ROOT}/{app}/{stage}/reply/{worker}"


def presence_topic(app: str, stage: str) -> str:
    """Topic of the retained message that says which relay session listens."""
    return f"{ROOT}/{app}/{stage}/presence"


def stub_client_id(app: str, stage: str, worker: str) -> str:
    """MQTT client id of one execution environment."""
    return f"{ROOT}:{app}:{stage}:stub:{worker}"


def relay_client_id(app: str, stage: str, session: str, shard: int) -> str:
    """MQTT client id of one connection of one relay session."""
    return f"{ROOT}:{app}:{stage}:relay:{session}:{shard}"


def parked_queue(app: str, stage: str) -> str:
    """Name of the stage's queue, in which asynchronous events wait while nobody listens.

    Names hold no "_", so no two stages share a queue. Queues have at most 80
    characters: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-and-message-identifiers.html
    """
    return f"{ROOT}_{app}_{stage}_parked"


URL, API = "url", "api"
"""Callers that may take a response as a stream: function URLs and REST APIs."""


class Settings:
    """What a stub must know: its stage, its function, the broker, the key.

    Travels as one environment variable of `key=value` pairs joined by ";", so
    the stub needs no JSON. Values hold neither ";" nor "=" at their start.

    Args:
        app: Name of the application.
        stage: Name of the developer's stage.
        function: Logical id of the function, nested ones as "Child/Function".
        endpoint: Host of the account's IoT data endpoint, ":port" when not 443.
            A host under ".localhost" (RFC 6761) is this machine: no TLS.
        region: Region of the endpoint, for the signature.
        key: The stage's key as base64url without padding.
        absence: What happens when no relay listens; see `absence.actions`.
        streams: Which HTTP callers take the response as a stream: `URL`, `API`, or both
            joined by "+"; empty for none.
    """

    __slots__ = ("absence", "app", "endpoint", "function", "key", "region", "stage", "streams")
    _FIELDS = (
        ("a", "app"),
        ("s", "stage"),
        ("f", "function"),
        ("e", "endpoint"),
        ("r", "region"),
        ("k", "key"),
        ("x", "absence"),
        ("t", "streams"),
    )

    def __init__(
        self,
        *,
        app: str,
        stage: str,
        function: str,
        endpoint: str,
        region: str,
        key: str,
        absence: str = "fail",
        streams: str = "",
    ) -> None:
        self.app = app
        self.stage = stage
        self.function = function
        self.endpoint = endpoint
        self.region = region
        self.key = key
        self.absence = absence
        self.streams = streams

    def encode(self) -> str:
        """Return the text of the environment variable."""
        pairs = [(short, getattr(self, name)) for short, name in self._FIELDS]
        return ";".join(f"{short}={value}" for short, value in pairs if value or short != "t")

    @classmethod
    def decode(cls, text: str) -> "Settings":
        """Read the text of the environment variable.

        Raises:
            ValueError: A field is missing; says which.
        """
        pairs = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
        missing = [name for short, name in cls._FIELDS[:-2] if short not in pairs]
        if missing:
            raise ValueError(f"{VARIABLE} lacks {', '.join(missing)}")
        values = {name: pairs[short] for short, name in cls._FIELDS if short in pairs}
        return cls(**values)


STUB_ACCESS = (
    ("iot:Connect", ("client/samlive:{app}:{stage}:stub:*",)),
    ("iot:Publish", ("topic/samlive/{app}/{stage}/request/*",)),
    (
        "iot:Subscribe",
        (
            "topicfilter/samlive/{app}/{stage}/reply/*",
            "topicfilter/samlive/{app}/{stage}/presence",
        ),
    ),
    (
        "iot:Receive",
        ("topic/samlive/{app}/{stage}/reply/*", "topic/samlive/{app}/{stage}/presence"),
    ),
)
"""IAM actions of a stub's role, each with its resources after "arn:<p>:iot:<r>:<a>:"."""
