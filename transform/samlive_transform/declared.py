"""A template's functions as they were declared, with the variables that are known.

For running one on this machine without a stage: nothing is rewritten, so kept
functions are there as well, and what only a deploy can know (the name of a
table, say) is told by name instead of being guessed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from samlive_transform.intrinsics import intrinsic
from samlive_transform.inventory import Inventory
from samlive_transform.model import Function
from samlive_transform.nesting import Unit, read_units
from samlive_transform.options import Options
from samlive_transform.origin import Origin
from samlive_transform.report import FunctionReport
from samlive_transform.resolve import Resolver


@dataclass(frozen=True, slots=True)
class Declared:
    """One function.

    Args:
        report: What is known of it.
        name: Its physical name; its logical id when nobody names one.
        variables: Environment variables whose value is known.
        unknown: Names of the others.
        logging: Variables that stand for its LoggingConfig in Lambda.
        routes: Event type, method and path of each route that leads to it, such as
            ("HttpApi", "GET", "/orders/{id}").
    """

    report: FunctionReport
    name: str
    variables: Mapping[str, str] = field(repr=False)
    unknown: tuple[str, ...]
    logging: Mapping[str, str] = field(default_factory=dict)
    routes: tuple[tuple[str, str, str], ...] = ()


def declared(source: Origin, parameters: Mapping[str, str]) -> dict[str, Declared]:
    """Return all functions of a template and of the local ones nested in it.

    Args:
        source: The template.
        parameters: Parameter values; defaults fill the rest.

    Returns:
        Functions by logical id, nested ones as "Child/Function".

    Raises:
        TransformError: A template cannot be read.
    """
    nothing = Options("app", "stage", "", "", "", parameters=parameters)
    return {each.report.logical_id: each for each in _of(read_units(source, nothing))}


def _of(unit: Unit) -> Iterator[Declared]:
    inventory = Inventory(unit.template, unit.source, unit.prefix)
    for function in unit.template.functions.values():
        for copy in inventory.copies(function):
            yield _declared(copy, inventory, unit.template.resolver)
    for child in unit.children.values():
        yield from _of(child)


def _declared(function: Function, inventory: Inventory, resolver: Resolver) -> Declared:
    report = inventory.describe(function, "")
    found = {
        name: resolver.text(value)
        for name, value in _variables(function.properties.get("Environment"), resolver).items()
    }
    return Declared(
        report,
        resolver.text(function.properties.get("FunctionName")) or function.id,
        {name: text for name, text in found.items() if text is not None},
        tuple(name for name, text in found.items() if text is None),
        dict(_logging(resolver.value(function.properties.get("LoggingConfig")), resolver)),
        tuple(_routes(function.properties.get("Events"), resolver)),
    )


def _logging(config: Any, resolver: Resolver) -> Iterator[tuple[str, str]]:
    """Yield what Lambda tells the runtime of a LoggingConfig.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
    """
    if isinstance(config, dict) and resolver.text(config.get("LogFormat")) == "JSON":
        yield "AWS_LAMBDA_LOG_FORMAT", "JSON"
        yield "AWS_LAMBDA_LOG_LEVEL", resolver.text(config.get("ApplicationLogLevel")) or "INFO"


def _routes(events: Any, resolver: Resolver) -> Iterator[tuple[str, str, str]]:
    for event in events.values() if isinstance(events, dict) else ():
        given = event.get("Properties") if isinstance(event, dict) else None
        if isinstance(given, dict) and event.get("Type") in ("Api", "HttpApi"):
            method, path = resolver.text(given.get("Method")), resolver.text(given.get("Path"))
            if method and path:
                yield str(event["Type"]), method.upper(), path


def _variables(environment: Any, resolver: Resolver) -> dict[str, Any]:
    """Return the variables as the template writes them; none when they are not known."""
    whole = resolver.value(environment)
    given = resolver.value(whole.get("Variables")) if isinstance(whole, dict) else None
    return given if isinstance(given, dict) and not intrinsic(given) else {}
