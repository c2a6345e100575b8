"""Marks that a fixture gives to every test that needs it, directly or through another fixture."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

_Fixture = TypeVar("_Fixture", bound=Callable[..., object])


def marks_tests(mark: str) -> Callable[[_Fixture], _Fixture]:
    """A decorator, below ``pytest.fixture``, of a fixture whose tests get ``mark``: models or processes."""

    def decorate(function: _Fixture) -> _Fixture:
        function.__dict__["mark"] = mark
        return function

    return decorate


def of_fixtures(item: pytest.Item) -> Iterator[str]:
    """The marks of all fixtures that a test needs."""
    if isinstance(item, pytest.Function):
        for definitions in item._fixtureinfo.name2fixturedefs.values():
            for definition in definitions:
                mark = getattr(definition.func, "mark", None)
                if mark is not None:
                    yield mark
