"""The two wheels, built once, and an environment with the light one."""

import shutil
import sys
from pathlib import Path

import pytest

from install.packaging import wheels
from tests.install.packaging import light_environment, small_light
from tests.install.packaging.light_environment import LightEnvironment
from tests.install.packaging.small_light import SmallLight
from tests.marks import marks_tests


@pytest.fixture(scope="session")
@marks_tests("processes")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The light wheel and the engine's."""
    return wheels.build(tmp_path_factory.mktemp("wheels"), Path(sys.executable))


@pytest.fixture(scope="session")
@marks_tests("processes")
def kept(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[SmallLight, Path]:
    """A light installation whose tiny engine is set up, and a copy of all of its files."""
    folder = tmp_path_factory.mktemp("set-up")
    made = small_light.make(folder, built[0])
    outcome = made.run("setup")
    assert outcome.returncode == 0, outcome.stderr
    copy = folder.with_name(f"{folder.name}-copy")
    shutil.copytree(folder, copy, symlinks=True)
    return made, copy


@pytest.fixture
def ready(kept: tuple[SmallLight, Path]) -> SmallLight:
    """It, as it was after its set-up, whatever an earlier test did."""
    made, copy = kept
    folder = made.packages.parent
    shutil.rmtree(folder)
    shutil.copytree(copy, folder, symlinks=True)
    return made


@pytest.fixture(scope="session")
@marks_tests("processes")
def light(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> LightEnvironment:
    """An environment with the light wheel alone; tests leave it as it is."""
    return light_environment.make(tmp_path_factory.mktemp("light"), built[0])
