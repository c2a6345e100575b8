"""The two wheels, built once, and an environment with the light one."""

import sys
from pathlib import Path

import pytest

from install.packaging import wheels
from tests.install.packaging import light_environment
from tests.install.packaging.light_environment import LightEnvironment
from tests.marks import marks_tests


@pytest.fixture(scope="session")
@marks_tests("processes")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The light wheel and the engine's."""
    return wheels.build(tmp_path_factory.mktemp("wheels"), Path(sys.executable))


@pytest.fixture(scope="session")
@marks_tests("processes")
def light(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> LightEnvironment:
    """An environment with the light wheel alone; tests leave it as it is."""
    return light_environment.make(tmp_path_factory.mktemp("light"), built[0])
