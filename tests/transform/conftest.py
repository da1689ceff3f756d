"""Adds the switch that rewrites the expected files of the cases."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept", action="store_true", help="rewrite the expected files of tests/transform/cases"
    )
