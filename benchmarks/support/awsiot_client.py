"""Connects and subscribes with awsiotsdk: what a stub without a client of its own would cost.

`python -m support.awsiot_client ENDPOINT CA` ends after SUBACK.
"""

import os
import sys
import threading

from awscrt import auth, io, mqtt5


def main() -> None:
    """Connect, subscribe, end."""
    host, _, port = sys.argv[1].partition(":")
    connected, subscribed = threading.Event(), threading.Event()
    loops = io.EventLoopGroup(1)
    trust = io.TlsContextOptions()
    trust.override_default_trust_store_from_path(None, sys.argv[2])
    keys = auth.AwsCredentialsProvider.new_static(
        os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    )

    def sign(transform_args: mqtt5.WebsocketHandshakeTransformArgs) -> None:
        config = auth.AwsSigningConfig(
            algorithm=auth.AwsSigningAlgorithm.V4,
            signature_type=auth.AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS,
            credentials_provider=keys,
            region=os.environ["AWS_REGION"],
            service="iotdevicegateway",
            omit_session_token=True,
        )
        signed = auth.aws_sign_request(transform_args.http_request, config)
        signed.add_done_callback(lambda done: transform_args.set_done(done.exception()))

    client = mqtt5.Client(
        mqtt5.ClientOptions(
            host_name=host,
            port=int(port),
            bootstrap=io.ClientBootstrap(loops, io.DefaultHostResolver(loops)),
            tls_ctx=io.ClientTlsContext(trust),
            websocket_handshake_transform=sign,
            connect_options=mqtt5.ConnectPacket(client_id="bench-awsiot"),
            on_lifecycle_event_connection_success_fn=lambda _: connected.set(),
        )
    )
    client.start()
    if not connected.wait(10):
        raise SystemExit("not connected")
    topics = [mqtt5.Subscription(topic_filter="bench/topic", qos=mqtt5.QoS.AT_LEAST_ONCE)]
    client.subscribe(mqtt5.SubscribePacket(topics)).add_done_callback(lambda _: subscribed.set())
    if not subscribed.wait(10):
        raise SystemExit("not subscribed")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
