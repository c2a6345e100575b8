"""``retouchml train``: options and work are those of ``pipeline.training``, brought in when needed."""

import argparse
import re
import sys
import types
from collections.abc import Callable

import pytest

from retouchml.cli.train import PARTS
from tests.retouchml.running import Run


@pytest.fixture
def rater(monkeypatch: pytest.MonkeyPatch) -> list[argparse.Namespace]:
    """Puts a part in place that ends with 7; what it was given."""
    given: list[argparse.Namespace] = []

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--data", required=True, help="folder of photographs")

    def work(arguments: argparse.Namespace) -> int:
        given.append(arguments)
        return 7

    module = types.ModuleType("pipeline.training.rater")
    functions: dict[str, Callable[..., object]] = {"add_arguments": add_arguments, "main": work}
    vars(module).update(functions)
    monkeypatch.setitem(sys.modules, "pipeline.training.rater", module)
    return given


def test_the_help_names_every_part(run: Run) -> None:
    ran = run("train", "--help")
    assert ran.code == 0
    for part in PARTS:
        assert re.search(rf"\n    {part}\s", ran.out)  # a long name has a line of its own


def test_a_part_gets_its_own_options_and_decides_the_exit_code(
    run: Run, rater: list[argparse.Namespace]
) -> None:
    assert run("train", "rater", "--data", "photos").code == 7
    assert rater[0].data == "photos"


def test_the_help_of_a_part_shows_its_options(run: Run, rater: list[argparse.Namespace]) -> None:
    ran = run("train", "rater", "--help")
    assert ran.code == 0
    assert "--data DATA" in ran.out
    assert "usage: retouchml train rater" in ran.out


def test_a_parts_bad_usage_ends_with_2(run: Run, rater: list[argparse.Namespace]) -> None:
    assert run("train", "rater").code == 2
    assert run("train", "rater", "--data", "x", "--nonsense").code == 2
    assert rater == []


def test_without_a_part_there_is_nothing_to_train(run: Run) -> None:
    assert run("train").code == 2
