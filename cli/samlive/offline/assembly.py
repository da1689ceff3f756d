"""Puts a cloud together: the emulator, the hooks, the sandbox, the user.

Importing the emulator is the first thing done here, so the environment must be
set before (see `settings`).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samlive.offline import certificate, hooks, identity, logs
from samlive.offline.control import Control
from samlive.offline.groups import Groups
from samlive.offline.mqtt.breakdown import Breakdown
from samlive.offline.mqtt.faults import Faults
from samlive.offline.mqtt.ledger import Ledger
from samlive.offline.proxy import ConnectProxy
from samlive.offline.sandbox import sdk
from samlive.offline.sandbox.content import Content
from samlive.offline.sandbox.emulated import Emulated
from samlive.offline.sandbox.environment import Environment
from samlive.offline.sandbox.function import Function
from samlive.offline.sandbox.house import House
from samlive.offline.sandbox.pool import Pool, Runs
from samlive.offline.settings import Settings


@dataclass(frozen=True, slots=True)
class Cloud:
    """A cloud that can be served.

    Args:
        app: The emulator's ASGI application, hooks installed.
        control: samlive's own paths.
        pool: Runs functions.
        proxy: Leads TLS clients to the TLS port.
        certificate: Certificate and key of the TLS port.
        key: Key of the developer user.
    """

    app: Any
    control: Control
    pool: Pool
    proxy: ConnectProxy
    certificate: tuple[Path, Path]
    key: identity.AccessKey = field(repr=False)


def assemble(settings: Settings, groups: Groups) -> Cloud:
    """Import the emulator, install the hooks, wire everything.

    Args:
        settings: Where it listens and writes; its environment is set.
        groups: Takes the functions' process groups.

    Raises:
        SamliveError: The emulator lacks a name, or the policy is no JSON.
    """
    import ministack.app
    from ministack.core import hypercorn_compat, tls

    hypercorn_compat.install()
    pool, ledger, faults = Pool(_maker(settings, groups)), Ledger(), Faults()
    breakdown = Breakdown()
    hooks.install(hooks.Parts(pool, ledger, faults, breakdown))
    key, policies = identity.new_key(), identity.policies(settings.region)
    proxy = ConnectProxy(settings.tls_port, settings.upstream_proxy, lambda: breakdown.down)
    breakdown.crashed.append(proxy.cut)
    return Cloud(
        app=ministack.app.app,
        control=Control(
            ledger, faults, breakdown, pool, lambda: identity.create_developer(key, policies)
        ),
        pool=pool,
        proxy=proxy,
        certificate=certificate.write(settings.folder, ["localhost", *tls.iot_endpoint_hosts()]),
        key=key,
    )


def exported(settings: Settings, cloud: Cloud, proxy_port: int) -> dict[str, str]:
    """Return the variables that lead any AWS tool to this cloud."""
    return {
        "AWS_ENDPOINT_URL": settings.endpoint_url,
        "AWS_ACCESS_KEY_ID": cloud.key.id,
        "AWS_SECRET_ACCESS_KEY": cloud.key.secret,
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_CA_BUNDLE": str(cloud.certificate[0]),
        "HTTPS_PROXY": f"http://127.0.0.1:{proxy_port}",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _maker(settings: Settings, groups: Groups) -> Any:
    house = House(
        content=Content(settings.folder),
        sdk=sdk.gather(settings.folder / "sdk"),
        groups=groups,
        folder=settings.folder / "environments",
        logs=logs.functions(settings.state),
        endpoint_url=settings.endpoint_url,
        isolation=settings.isolation,
    )

    def make(function: Function) -> Runs:
        if settings.emulator:
            return Emulated(function, house, settings.emulator)
        return Environment(function, house)

    return make
