"""Fixtures that several folders of tests share.

A home of their own, the real models, the bundled portrait.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray
from PIL import Image

from retouchml import paths
from tests import marks

if TYPE_CHECKING:
    from pipeline.networks import Networks
    from pipeline.photo import Photo
    from pipeline.retoucher import Retoucher
    from stylegan2.generator import Generator

# The same number of threads in every process, however busy the machine is: another one rounds differently.
os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))

# And the same order of sums: MKL's threads add in one that depends on where in memory the numbers lie.
os.environ.setdefault("MKL_CBWR", "AUTO")

# The texts that tests expect are English, whatever the developer's own language is.
os.environ["RETOUCHML_LANGUAGE"] = "en"

# How long an example takes says nothing on a machine that others use, too.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

PORTRAIT = Path(__file__).parents[1] / "pipeline" / "portrait" / "astronaut.png"

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell starts what runs in the background with the signal ignored, and every child would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Asked before any test moves RETOUCHML_HOME: the models that the user, or `python3 install test`, fetched.
_USERS_MODELS = paths.models_dir()
_USERS_TENSORFLOW1 = paths.data_dir() / "tensorflow1"

with pytest.MonkeyPatch.context() as patch:
    # The table of sliders is made when it is first imported: without those that the developer trained.
    patch.setenv("RETOUCHML_HOME", os.devnull)
    import retouchml.sliders  # noqa: F401


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they need: ``models``, ``processes``, or nothing of either and thus ``quick``."""
    for item in items:
        for mark in set(marks.of_fixtures(item)):
            item.add_marker(mark)
        if not any(item.get_closest_marker(mark) for mark in ("models", "processes", "slow")):
            item.add_marker("quick")


def _threads() -> dict[str, int]:
    """The threads of each library that is loaded and keeps their number for the whole process."""
    counts = {"torch": "get_num_threads", "cv2": "getNumThreads"}
    loaded = {name: library for name in counts if (library := sys.modules.get(name)) is not None}
    return {name: getattr(library, counts[name])() for name, library in loaded.items()}


@pytest.fixture(autouse=True)
def _threads_are_left_as_they_were() -> Iterator[None]:
    """A test that leaves another number slows all later ones down, and changes how they round."""
    before = _threads()
    yield
    after = {name: _threads()[name] for name in before}
    assert after == before


@contextmanager
def at_home(home: Path) -> Iterator[None]:
    """A block in which RETOUCHML_HOME is ``home``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RETOUCHML_HOME", str(home))
        yield


@pytest.fixture(scope="session")
@marks.marks_tests("models")
def real_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A RETOUCHML_HOME with the user's models and an empty cache.

    The test is skipped where there are none.
    """
    from stylegan2 import zoo

    home = tmp_path_factory.mktemp("home")
    (home / "data").mkdir()
    (home / "data" / "models").symlink_to(_USERS_MODELS, target_is_directory=True)
    with at_home(home):
        needed = [name for name in zoo.defaults() if not zoo.find(name).without]
        missing = [name for name in needed if not zoo.is_installed(name)]
    if missing:
        pytest.skip(f"not fetched: {', '.join(missing)} (`python3 install test` fetches them)")
    return home


@pytest.fixture(scope="session")
@marks.marks_tests("models")
def tensorflow1_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A RETOUCHML_HOME with the user's models and TensorFlow 1.15; the test is skipped without these."""
    if not (_USERS_TENSORFLOW1 / "installed.json").exists():
        pytest.skip("TensorFlow 1.15 is not installed (`python3 install tensorflow1` does that)")
    home = tmp_path_factory.mktemp("home")
    (home / "data").mkdir()
    for folder in (_USERS_MODELS, _USERS_TENSORFLOW1):
        (home / "data" / folder.name).symlink_to(folder, target_is_directory=True)
    return home


@pytest.fixture(autouse=True)
def home_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's own files."""
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def retoucher(real_home: Path) -> "Retoucher":
    """The real default models on the CPU, with a cache that lasts as long as the session."""
    from pipeline.retoucher import Retoucher

    with at_home(real_home):
        return Retoucher(device="cpu")


@pytest.fixture(scope="session")
def networks(retoucher: "Retoucher") -> "Networks":
    """All loaded networks."""
    return retoucher.networks


@pytest.fixture(scope="session")
def generator(networks: "Networks") -> "Generator":
    """The default generator."""
    return networks.generator


@pytest.fixture(scope="session")
def portrait() -> NDArray[np.uint8]:
    """The bundled portrait [512, 512, 3]."""
    with Image.open(PORTRAIT) as image:
        pixels: NDArray[Any] = np.array(image.convert("RGB"))
    pixels.flags.writeable = False
    return pixels


@pytest.fixture(scope="session")
def photo(retoucher: "Retoucher", portrait: NDArray[np.uint8]) -> "Photo":
    """The portrait, opened and inverted: the slow part, done once a session."""
    opened = retoucher.open(portrait)
    opened.prepare()
    return opened
