"""Krita's docker has the sliders and the scorers that the user trained, once Krita was started again."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from retouchml.settings import load
from tests.daemon.running import Daemon
from tests.editors import own_parts
from tests.editors.daemons import Daemons
from tests.editors.krita import pictures, running
from tests.editors.krita.conftest import VERSIONS
from tests.editors.krita.installation import install_into
from tests.editors.krita.running import Krita, until
from tests.stand_in_backend import FACE_PAIR


@pytest.fixture
def backend(editor_home: Path, all_daemons: Daemons) -> Iterator[str]:
    with own_parts.given(editor_home, all_daemons):
        yield FACE_PAIR


@pytest.fixture(params=sorted(VERSIONS))
def krita(
    request: pytest.FixtureRequest,
    editor_home: Path,
    daemon: Daemon,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Krita]:
    """A Krita that was started after they were trained."""
    assert daemon.process.poll() is None
    place = os.environ.get(VERSIONS[request.param][0])
    if not place:
        pytest.skip(f"Krita {request.param} was not set up")
    root = Path(place) if Path(place).is_absolute() else None
    install = partial(install_into, home=editor_home)
    binds = [editor_home, tmp_path_factory.getbasetemp()]
    with (
        TemporaryDirectory(prefix="rmlp") as profile,
        running.krita(Path(profile), install, root, binds, RETOUCHML_HOME=str(editor_home)) as krita,
    ):
        yield krita
        krita.clear()


def test_a_slider_and_a_scorer_of_the_users_own_are_listed_and_used(
    krita: Krita, editor_home: Path, tmp_path: Path
) -> None:
    pixels = np.random.default_rng(5).integers(0, 100, (160, 320, 3)).astype(np.uint8)
    pictures.put(krita, pictures.as_krita(pixels, "U8"), tmp_path)
    krita.run("arrange()")  # with the first picture, Krita 5.2 shows dockers again
    until(lambda: krita.view()["layer"] == "Background")
    slider = f"slider_{own_parts.SLIDER}"
    krita.click_until("fold_own", lambda: krita.ask(f"widget({slider!r}).isVisible()"))
    assert krita.ask(f"widget({slider!r}).accessibleName()") == own_parts.TITLE
    values = {own_parts.SLIDER: 0.5}
    krita.run(f"docker()._change(look=docker()._controller.settings.look.with_values({values}))")
    krita.run("docker()._controller.beautify()")
    until(lambda: krita.view()["task"] is None and krita.view()["notice"])
    shown = krita.view()
    assert not shown["is_error"], shown["notice"]
    assert shown["edits"] == {own_parts.SLIDER: 0.5}
    assert len(krita.ask("layers()")) == 2
    krita.click_until(
        "settings", lambda: krita.ask("len(docker().findChildren(QWidget, 'retouchml_settings'))") == 1
    )
    box = "widget('scorer')"
    config = editor_home / "config" / "config.toml"
    assert krita.ask(f"[{box}.itemText(at) for at in range({box}.count())]") == ["Standard", "My taste"]
    try:
        krita.click("scores", 0.1)
        until(lambda: "3.00" in krita.ask("widget('score').text()"))
        krita.run(f"{box}.setCurrentIndex(1); {box}.activated.emit(1)")
        until(lambda: load(config)[0].scorer == own_parts.SCORER)
        # the photo is opened again with it, by which the stand-in finds other scores
        until(lambda: "4.00 to" in krita.ask("widget('score').text()"))
    finally:
        config.unlink(missing_ok=True)
        krita.run("for each in docker().findChildren(QWidget, 'retouchml_settings'): each.close()")
