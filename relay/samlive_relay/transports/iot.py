"""AWS IoT over MQTT 5 and WebSocket; the only importer of awscrt.

One `IotTransport` is one connection. awscrt runs it on threads of its own and
calls back from them; every callback only hands over to the relay's loop.

    connect -> success -> NODELAY, SUBSCRIBE -> SUBACK -> ready
       ^                                                   |
       '------- a new client, with a fresh will <--- lost -'

awscrt reconnects by itself, but with the will it was made with. A will is
sealed, and a stub takes a sealed frame only once, so each connection that was
up gets a client of its own. Credentials are asked for at every handshake, on a
thread, because refreshing them may use the network.

A broker that says no (bad signature, no permission) is told apart from one
that cannot be reached: the first is for the user to mend, the second for time.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from samlive_relay.config import Broker
from samlive_relay.errors import RelayError
from samlive_relay.events import ConnectionChanged
from samlive_stub.protocol import Publish

from . import refusals
from .dial import DEFAULT_PORT, address_of, proxy_of
from .link import Connector, Link
from .nagle import disable_nagle
from .probe import problem_with
from .refusals import Refusal

KEEP_ALIVE_SECONDS = 30
"""The broker sends the will after 1.5 times this without a word."""

CONNECT_SECONDS = 12.0
"""The first connection is given up after this; later ones are tried for ever."""

PATIENCE_SECONDS = 3.0
"""After this long without any word, the way to the broker is examined."""

MAX_FAILURES = 3
"""The first connection is given up after so many failures in a row."""

RECONNECT_MS = (500, 20_000)
MAX_TOPICS = 10_000
STOP_SECONDS = 3.0


def connector_for(broker: Broker) -> Connector:
    """Return what makes connections to a broker.

    Args:
        broker: Endpoint, credentials, trust and proxy.
    """
    from awscrt import io

    loops = io.EventLoopGroup(1)
    bootstrap = io.ClientBootstrap(loops, io.DefaultHostResolver(loops))
    return lambda link: IotTransport(broker, link, bootstrap)


class IotTransport:
    """One connection to AWS IoT.

    Args:
        broker: Where to connect to.
        link: What to subscribe to and whom to tell.
        bootstrap: awscrt's ClientBootstrap.
    """

    def __init__(self, broker: Broker, link: Link, bootstrap: Any) -> None:
        self._broker = broker
        self._link = link
        self._bootstrap = bootstrap
        self._signer = ThreadPoolExecutor(1, "samlive-credentials")
        self._client: Any = None
        self._stopped: asyncio.Event = asyncio.Event()
        self._first: asyncio.Future[None] | None = None
        self._closing = False
        self._credential_problem: BaseException | None = None
        self._last_problem = ""
        self._failures = 0
        self._refused: Refusal | None = None
        self._allowed: set[str] = set()
        self._sent: deque[Future[Any]] = deque(maxlen=2048)

    async def connect(self) -> None:
        """Connect and subscribe; see `Transport`."""
        self._loop = asyncio.get_running_loop()
        self._first = self._loop.create_future()
        self._start()
        done, _ = await asyncio.wait((self._first,), timeout=PATIENCE_SECONDS)
        if not done:
            found = await self._loop.run_in_executor(self._signer, problem_with, self._broker)
            self._last_problem = found or self._last_problem
            rest = 0 if found else CONNECT_SECONDS - PATIENCE_SECONDS
            done, _ = await asyncio.wait((self._first,), timeout=rest)
        if not done:
            self._first.cancel()
            raise self._unreachable()
        self._first.result()

    def publish(self, *packets: Publish) -> None:
        """Publish at QoS 1; see `Transport`."""
        for packet in packets:
            self._publish(packet)

    def _publish(self, packet: Publish) -> None:
        from awscrt import mqtt5

        if self._client is None or self._closing:
            return
        while self._sent and self._sent[0].done():
            self._sent.popleft()
        sent = self._client.publish(
            mqtt5.PublishPacket(
                topic=packet.topic,
                payload=packet.payload,
                qos=mqtt5.QoS.AT_LEAST_ONCE,
                retain=packet.retain,
            )
        )
        self._sent.append(sent)
        if packet.topic not in self._allowed:
            sent.add_done_callback(lambda done: self._hand_over(self._on_sent, packet.topic, done))

    def renew(self, reason: str) -> None:
        """Connect anew now; see `Transport`."""
        connecting = self._first is None or not self._first.done()
        if self._closing or self._client is None or connecting:
            return  # the first connect has its own patience; a lost one is made anew already
        self._link.on_state(ConnectionChanged("reconnecting", reason))
        self._replace()

    async def flush(self) -> None:
        """Wait for the broker's acknowledgements; see `Transport`."""
        pending = [asyncio.wrap_future(sent) for sent in self._sent if not sent.done()]
        if pending:
            await asyncio.wait(pending, timeout=1.0)
            for future in pending:
                if future.done() and not future.cancelled():
                    future.exception()

    async def close(self) -> None:
        """Disconnect cleanly; see `Transport`."""
        self._closing = True
        client, self._client = self._client, None
        if client is not None:
            from awscrt import mqtt5

            client.stop(mqtt5.DisconnectPacket())  # without one, the broker sends the will
            try:
                await asyncio.wait_for(self._stopped.wait(), STOP_SECONDS)
            except TimeoutError:
                pass  # awscrt ends the connection when the client is collected
        self._signer.shutdown(wait=False, cancel_futures=True)

    def _start(self) -> None:
        from awscrt import mqtt5

        self._stopped = stopped = asyncio.Event()
        client = mqtt5.Client(self._options(mqtt5, stopped))
        self._client = client
        client.start()

    def _options(self, mqtt5: Any, stopped: asyncio.Event) -> Any:
        host, port, tls = address_of(self._broker)
        options = mqtt5.ClientOptions(
            host_name=host,
            port=port,
            bootstrap=self._bootstrap,
            tls_ctx=self._tls_context(port) if tls else None,
            http_proxy_options=self._proxy(),
            websocket_handshake_transform=self._sign,
            connect_options=mqtt5.ConnectPacket(
                client_id=self._link.client_id,
                keep_alive_interval_sec=KEEP_ALIVE_SECONDS,
                will=self._will(mqtt5),
            ),
            session_behavior=mqtt5.ClientSessionBehaviorType.CLEAN,
            # The protocol paces itself, and asks again for what is lost.
            extended_validation_and_flow_control_options=(
                mqtt5.ExtendedValidationAndFlowControlOptions.NONE
            ),
            offline_queue_behavior=mqtt5.ClientOperationQueueBehaviorType.FAIL_ALL_ON_DISCONNECT,
            min_reconnect_delay_ms=RECONNECT_MS[0],
            max_reconnect_delay_ms=RECONNECT_MS[1],
            connack_timeout_ms=10_000,
            ping_timeout_ms=10_000,
            on_publish_callback_fn=self._on_publish,
            on_lifecycle_event_stopped_fn=lambda _: self._hand_over(stopped.set),
            on_lifecycle_event_connection_success_fn=lambda _: self._hear(
                stopped, self._on_success
            ),
            on_lifecycle_event_connection_failure_fn=lambda data: self._hear(
                stopped, self._on_failure, data
            ),
            on_lifecycle_event_disconnection_fn=lambda data: self._hear(
                stopped, self._on_lost, data
            ),
        )
        if hasattr(options, "disable_metrics"):
            options.disable_metrics = True
        return options

    def _tls_context(self, port: int) -> Any:
        from awscrt import io

        options = io.TlsContextOptions()
        if self._broker.ca_file is not None:
            options.override_default_trust_store_from_path(None, str(self._broker.ca_file))
        if port == DEFAULT_PORT and io.is_alpn_available():
            options.alpn_list = ["http/1.1"]
        return io.ClientTlsContext(options)

    def _proxy(self) -> Any:
        if self._broker.proxy is None:
            return None
        from awscrt import http

        host, port, user = proxy_of(self._broker.proxy)
        name, _, password = user.partition(":")
        kinds = http.HttpProxyAuthenticationType
        return http.HttpProxyOptions(
            host,
            port,
            auth_type=kinds.Basic if user else kinds.Nothing,
            auth_username=name or None,
            auth_password=password if user else None,
            connection_type=http.HttpProxyConnectionType.Tunneling,
        )

    def _will(self, mqtt5: Any) -> Any:
        if self._link.will is None:
            return None
        packet = self._link.will()
        return mqtt5.PublishPacket(
            topic=packet.topic,
            payload=packet.payload,
            qos=mqtt5.QoS.AT_LEAST_ONCE,
            retain=packet.retain,
        )

    def _sign(self, transform_args: Any) -> None:
        """Sign a handshake (awscrt's callback; the parameter must have this name)."""
        try:
            self._signer.submit(self._sign_now, transform_args)
        except RuntimeError as problem:  # closed meanwhile
            transform_args.set_done(problem)

    def _sign_now(self, transform_args: Any) -> None:
        from awscrt import auth

        try:
            found = self._broker.credentials()
            self._credential_problem = None
            if address_of(self._broker)[0] == "127.0.0.1":
                transform_args.http_request.headers.set("Host", self._broker.endpoint)
            signed = auth.aws_sign_request(
                transform_args.http_request,
                auth.AwsSigningConfig(
                    algorithm=auth.AwsSigningAlgorithm.V4,
                    signature_type=auth.AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS,
                    credentials_provider=auth.AwsCredentialsProvider.new_static(
                        found.access_key_id, found.secret_access_key, found.session_token
                    ),
                    region=self._broker.region,
                    service="iotdevicegateway",
                    # AWS IoT takes the token beside the signature, not under it.
                    omit_session_token=True,
                ),
            )
            signed.add_done_callback(lambda done: transform_args.set_done(done.exception()))
        except BaseException as problem:
            self._credential_problem = problem
            transform_args.set_done(problem)

    def _hear(self, stopped: asyncio.Event, call: Callable[..., None], *arguments: Any) -> None:
        """Run something on the loop unless the client that says it has been replaced."""

        def run() -> None:
            if stopped is self._stopped:
                call(*arguments)

        self._hand_over(run)

    def _hand_over(self, call: Callable[..., None], *arguments: Any) -> None:
        """Run something on the loop (called on awscrt's threads)."""
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            pass  # the loop has been closed: nobody is left to tell

    def _on_publish(self, data: Any) -> None:
        packet = data.publish_packet
        self._hand_over(self._link.on_message, packet.topic, packet.payload)

    def _on_success(self) -> None:
        from awscrt import mqtt5

        if self._client is None:
            return
        disable_nagle()
        subscribed = self._client.subscribe(
            mqtt5.SubscribePacket(
                [
                    mqtt5.Subscription(topic_filter=topic, qos=mqtt5.QoS.AT_LEAST_ONCE)
                    for topic in self._link.topics
                ]
            )
        )
        subscribed.add_done_callback(lambda done: self._hand_over(self._on_subscribed, done))

    def _on_subscribed(self, done: "Future[Any]") -> None:
        if self._closing or done.cancelled():
            return
        if problem := done.exception():
            self._last_problem = str(problem)
            return  # the connection is going down; `_on_lost` says more
        if any(code >= 0x80 for code in done.result().reason_codes):
            self._refuse(refusals.of_subscription(self._broker.endpoint, self._link.topics[-1]))
            return
        self._refused = None
        self._link.on_state(ConnectionChanged("connected"))
        if self._first is not None and not self._first.done():
            self._first.set_result(None)
        else:
            self._link.on_ready()

    def _on_sent(self, topic: str, done: "Future[Any]") -> None:
        """Look at the first acknowledgement of a topic: is publishing there allowed?"""
        if done.cancelled() or done.exception() or topic in self._allowed:
            return
        if len(self._allowed) > MAX_TOPICS:
            self._allowed.clear()
        self._allowed.add(topic)
        if (done.result().puback.reason_code or 0) >= 0x80:
            self._refuse(refusals.of_message(self._broker.endpoint, topic))

    def _on_failure(self, data: Any) -> None:
        if self._closing:
            return
        refusal = self._refusal(data)
        if refusal is not None:
            self._refuse(refusal)
            return
        self._last_problem = str(data.exception)
        self._failures += 1
        if self._first is not None and not self._first.done():
            if self._failures >= MAX_FAILURES:
                self._first.set_exception(self._unreachable())
        else:
            self._link.on_state(ConnectionChanged("reconnecting", self._last_problem))

    def _on_lost(self, data: Any) -> None:
        if self._closing or self._client is None:
            return
        packet = data.disconnect_packet
        detail = (packet.reason_string if packet else None) or str(data.exception)
        if self._first is not None and not self._first.done():
            self._refuse(refusals.of_session(self._broker.endpoint, detail))
            return
        self._link.on_state(ConnectionChanged("reconnecting", detail))
        self._replace(RECONNECT_MS[0] / 1000)

    def _replace(self, pause: float = 0.0) -> None:
        old, self._client = self._client, None
        old.stop()
        self._loop.call_later(pause, self._restart)

    def _restart(self) -> None:
        if not self._closing and self._client is None:
            self._start()

    def _refusal(self, data: Any) -> Refusal | None:
        if self._credential_problem is not None:
            return refusals.of_credentials(self._credential_problem)
        packet = data.connack_packet
        reason = packet.reason_code if packet is not None and packet.reason_code != 0 else None
        error = getattr(data.exception, "name", "")
        return refusals.of_connection(self._broker.endpoint, reason, error)

    def _refuse(self, refusal: Refusal) -> None:
        """End the first connect; later, tell once and let the client go on trying."""
        if self._first is not None and not self._first.done():
            self._first.set_exception(RelayError(refusal.message, refusal.hint))
        elif refusal != self._refused:
            self._refused = refusal
            self._link.on_state(ConnectionChanged("refused", str(refusal)))

    def _unreachable(self) -> RelayError:
        return refusals.unreachable(self._broker.endpoint, self._last_problem)
