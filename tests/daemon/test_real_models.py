"""The way through the daemon with the models that are really used."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from retouchml.cli import daemon_backend
from retouchml.cli.backend import BackendPhoto
from retouchml.cli.context import local_backend
from retouchml.cli.daemon_backend import DaemonBackend
from retouchml.look import Look
from tests.conftest import at_home
from tests.daemon import running

if TYPE_CHECKING:
    from pipeline.photo import Photo
    from pipeline.retoucher import Retoucher

LOOKS = {0: Look(0.6, edits={"smile": 0.3})}


@contextmanager
def backend() -> Iterator[DaemonBackend]:
    """The real models in a daemon of its own, with the current RETOUCHML_HOME."""
    daemon = running.start("--device", "cpu", backend="")
    try:
        connected = daemon_backend.connect("ffhq-mobile", "auto", pytest.fail, local_backend)
        assert connected is not None
        try:
            yield connected
        finally:
            connected.close()
    finally:
        daemon.close()


@dataclass(frozen=True)
class Retouched:
    """The portrait, opened and rendered by a daemon."""

    backend: DaemonBackend
    photo: BackendPhoto
    patches: Sequence[Any]


@pytest.fixture(scope="module")
def retouched(photo: "Photo", real_home: Path, portrait: NDArray[np.uint8]) -> Retouched:
    """By a daemon with the cache of ``photo``, which another process has prepared."""
    with TemporaryDirectory(prefix="rml") as folder:
        home = Path(folder) / "home"  # a name short enough for a socket
        home.symlink_to(real_home)
        with at_home(home), backend() as connected:
            opened = connected.open(portrait)
            return Retouched(connected, opened, opened.render(LOOKS))


def test_a_portrait_through_the_daemon_is_the_one_in_process_to_the_bit(
    retouched: Retouched, photo: "Photo", retoucher: "Retoucher"
) -> None:
    connected, opened, patches = retouched.backend, retouched.photo, retouched.patches
    expected = photo.render(LOOKS)
    assert (connected.model, connected.device) == (retoucher.model, retoucher.device)
    for face, other in zip(opened.faces, photo.faces, strict=True):
        assert (face.box, face.score) == (other.box, other.score)
        assert face.landmarks == other.landmarks
    assert (opened.apply(patches) == photo.apply(expected)).all()
    assert (opened.layer(patches) == photo.layer(expected)).all()
    assert [vars(each) for each in opened.report(patches)] == [vars(each) for each in photo.report(expected)]


def test_a_photo_seen_before_is_not_inverted_again_by_the_next_daemon(
    retouched: Retouched, photo: "Photo"
) -> None:
    assert retouched.photo.seconds["invert"] < photo.seconds["invert"] / 5


@pytest.mark.skipif(not running.is_root, reason="only root can mount a small disk")
def test_a_full_disk_for_the_cache_costs_time_and_not_the_result(
    portrait: NDArray[np.uint8], real_home: Path
) -> None:
    with TemporaryDirectory(prefix="rml") as folder:
        home = Path(folder)
        (home / "data").symlink_to(real_home / "data")
        (home / "cache").mkdir(mode=0o700)
        options = ["-t", "tmpfs", "-o", "size=4k,mode=0700", "tmpfs", str(home / "cache")]
        if subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
            pytest.skip("nothing can be mounted here")
        try:
            (home / "cache" / "ballast").write_bytes(bytes(4096))
            with at_home(home), backend() as connected:
                opened = connected.open(portrait)
                assert len(opened.render(LOOKS)) == 1
                again = connected.open(portrait)
                again.render(LOOKS)
            assert [path.name for path in (home / "cache").rglob("*.*") if path.is_file()] == []
            # what the disk has no room for, the worker keeps in memory
            assert again.seconds["invert"] < opened.seconds["invert"] / 5
        finally:
            subprocess.run(["umount", str(home / "cache")], check=True)
