"""``label`` and ``rate`` say what is missing or wrong before anything is asked."""

import argparse
from types import SimpleNamespace
from typing import Any

import pytest

from retouchml.cli import label, rate
from retouchml.errors import ModelMissing, UsageError
from tests.pipeline.training.stand_ins import SmallGenerator


@pytest.mark.parametrize("command", [label, rate])
def test_without_what_measures_faces_nothing_is_asked(command: Any) -> None:
    faces = SimpleNamespace(generator=SmallGenerator(), seed=1)
    with pytest.raises(ModelMissing, match="age-gender"):
        command._chooser(faces, SimpleNamespace(answers=()))


@pytest.mark.parametrize("name", ["smile", "strength", "glasses", "male", "mouth_open", "rating"])
def test_a_name_that_means_something_else_is_refused(name: str) -> None:
    context: Any = None
    with pytest.raises(UsageError, match=name):
        label.run(argparse.Namespace(name=name, file=None, question=""), context)
