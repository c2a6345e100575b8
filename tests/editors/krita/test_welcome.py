"""The plug-in of the zip in real Krita without an engine: the welcome page sets it up, and gives way.

The set-up is the real one, with a tiny engine and packages from a folder in place of the network.
"""

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from numpy.typing import NDArray

from install.packaging import zips
from retouchml.system.locks import exclusive
from tests.editors.krita import pictures, running
from tests.editors.krita.conftest import VERSIONS
from tests.editors.krita.running import Krita, until
from tests.editors.krita.test_machines import give_invitation, is_visible
from tests.editors.krita.test_results import picture
from tests.editors.studio import studio, takes
from tests.install.packaging import connector_wheels, small_light
from tests.marks import marks_tests
from tests.stand_in_backend import FACE_PAIR

__all__ = ["picture"]

_IMPORTER = Path("/usr/share/krita/pykrita/plugin_importer/plugin_importer.py")
_PLUGIN = Path(".local", "share", "krita", "pykrita", "retouchml_krita")
_STATE, _LOG = "widget('setup_state').text()", "widget('setup_log').toPlainText()"


@dataclass(frozen=True)
class Welcoming:
    """Krita with the zip's plug-in, the user's data folder, and the folder that stands for the network."""

    krita: Krita
    data: Path
    packages: Path
    files: Path  # the set-up's

    @property
    def engine(self) -> Path:
        """Where the engine will be."""
        return self.data / "engine"

    @property
    def record(self) -> Path:
        """By what the engine is found once it is whole."""
        return self.data / "install.json"

    def offers(self, name: str) -> bool:
        """Whether a button is there to be pressed."""
        return bool(self.krita.ask(f"widget({name!r}).isVisible() and widget({name!r}).isEnabled()"))

    def press(self, name: str) -> None:
        """Click on a button once it is there, until the page took it."""
        until(lambda: self.offers(name))
        self.krita.click_until(name, lambda: not self.offers(name))

    def set_variable(self, name: str, value: str) -> None:
        """For the programs that Krita starts."""
        self.krita.run(f"import os; os.environ[{name!r}] = {value!r}")

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Another set-up is at work as long as the block runs, so that this one waits."""
        with exclusive(self.engine / "retouchml-install.lock"):
            yield


@pytest.fixture(scope="module")
@marks_tests("processes")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Krita's zip."""
    vendored = {}
    for name in ("msgpack", "platformdirs"):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        modules = Path(str(spec.origin)).parent.glob("*.py")
        vendored |= {f"vendor/any/{name}/{path.name}": path for path in modules}
    return zips.build(tmp_path_factory.mktemp("zips"), Path(sys.executable), vendored)[0]


@pytest.fixture
def welcoming(archive: Path, tmp_path: Path) -> Iterator[Welcoming]:
    """Krita as after the import of the zip, for a user who has nothing of RetouchML."""
    if os.environ.get(VERSIONS["5.1"][0]) is None:
        pytest.skip(f"Krita was not set up: `python3 install test {VERSIONS['5.1'][1]}`")
    packages = tmp_path / "packages"
    packages.mkdir()

    def import_zip(profile: Path) -> None:
        spec = importlib.util.spec_from_file_location("plugin_importer", _IMPORTER)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        resources = profile / ".local" / "share" / "krita"
        module.PluginImporter(str(archive), str(resources), lambda _: True).import_all()
        with (profile / ".config" / "kritarc").open("a") as settings:
            settings.write("enable_retouchml_krita=true\n")
        small_light.shrink(profile / _PLUGIN / "retouchml" / "setup" / "files", packages)

    with (
        TemporaryDirectory(prefix="rmlw", ignore_cleanup_errors=True) as profile,
        TemporaryDirectory(prefix="rmlh", ignore_cleanup_errors=True) as home,
    ):
        variables = {**small_light.pip_settings(packages), "RETOUCHML_HOME": home}
        with running.krita(Path(profile), import_zip, **variables) as krita:
            until(lambda: krita.ask("docker().isVisible() and docker()._welcome is not None"))
            files = Path(profile, _PLUGIN, "retouchml", "setup", "files")
            yield Welcoming(krita, Path(home, "data"), packages, files)


def test_it_sets_up_after_a_failure_and_a_cancel_and_gives_way_to_the_docker(welcoming: Welcoming) -> None:
    krita = welcoming.krita
    until(lambda: "models 5 MB" in krita.ask("widget('about').text()"))
    about = krita.ask("widget('about').text()").replace("\u200b", "")
    assert f"in {welcoming.data}." in about

    welcoming.set_variable("PIP_FIND_LINKS", (welcoming.packages / "nothing").as_uri())
    welcoming.press("install")
    until(lambda: krita.ask(_STATE).startswith("That did not work: "))
    assert not welcoming.record.exists()
    welcoming.set_variable("PIP_FIND_LINKS", welcoming.packages.as_uri())

    with welcoming.held_up():
        welcoming.press("install")
        until(lambda: welcoming.offers("cancel_setup"))
        assert krita.ask("widget('setup_bar').isVisible()")
        krita.click_until("show_log", lambda: krita.ask("widget('setup_log').isVisible()"))
        until(lambda: "waiting for it" in krita.ask(_LOG))
        welcoming.press("cancel_setup")
        until(lambda: krita.ask(_STATE).startswith("Stopped."))
    assert not welcoming.record.exists()

    welcoming.press("install")
    until(lambda: krita.ask("docker()._welcome is None"))
    assert json.loads(welcoming.record.read_text())["python"] == str(welcoming.engine / "bin" / "python")
    until(lambda: krita.ask("widget('beautify').isVisible()"))
    assert krita.ask("len(docker().findChildren(QWidget, 'welcome'))") == 0

    krita.run("docker()._open_settings()")
    until(lambda: welcoming.offers("set_up_again"))
    krita.click_until("set_up_again", lambda: krita.ask("docker()._welcome is not None"))
    until(lambda: welcoming.offers("repair") and welcoming.offers("later"))
    assert "is set up on this machine" in krita.ask("widget('about').text()")
    krita.click_until("later", lambda: krita.ask("docker()._welcome is None"))
    until(lambda: krita.ask("widget('beautify').isVisible()"))

    # something is broken: Set up again, then Repair
    package = next(welcoming.engine.glob("lib/python*/site-packages/pipeline/__init__.py"))
    package.unlink()
    krita.run("docker()._open_settings()")
    until(lambda: welcoming.offers("set_up_again"))
    krita.click_until("set_up_again", lambda: krita.ask("docker()._welcome is not None"))
    welcoming.press("repair")
    until(lambda: krita.ask("docker()._welcome is None"))
    assert package.is_file()
    assert welcoming.record.is_file()
    assert krita.screen.windows("Script error") == []

    # a newer zip was put in: the docker of a Krita that is started again offers the update
    record = json.loads(welcoming.record.read_text())
    welcoming.record.write_text(json.dumps({**record, "version": "0.1.0"}))
    krita.run("from retouchml.client import welcome_reason")
    krita.run("docker()._show_welcome(welcome_reason.find()); docker()._on_visibility(True)")
    until(lambda: welcoming.offers("install") and welcoming.offers("later"))
    assert krita.ask("widget('install').text().replace('&', '')") == "Update"
    assert "what does the work is version 0.1.0" in krita.ask("widget('about').text()")
    welcoming.press("install")
    until(lambda: krita.ask("docker()._welcome is None"))
    assert json.loads(welcoming.record.read_text())["version"] == record["version"]
    assert krita.screen.windows("Script error") == []


def test_krita_that_exits_stops_the_set_up_and_leaves_nothing_half_made(welcoming: Welcoming) -> None:
    krita = welcoming.krita
    with welcoming.held_up():
        welcoming.press("install")
        until(lambda: krita.ask("widget('setup_bar').isVisible()"))
        krita.run("from retouchml_krita.widgets import welcome")
        until(lambda: krita.ask("welcome._OfAllWindows.page._job._process is not None"))
        process = krita.ask("welcome._OfAllWindows.page._job._process.pid")
        assert Path("/proc", str(process)).exists()
        krita.run("QTimer.singleShot(0, app.activeWindow().qwindow().close)")
        until(lambda: not Path("/proc", str(process)).exists())
    assert not welcoming.record.exists()
    assert not (welcoming.engine / "pyvenv.cfg").exists()


@pytest.mark.usefixtures("archive")
def test_the_actions_of_the_menu_bring_the_page_and_do_nothing_else(welcoming: Welcoming) -> None:
    krita = welcoming.krita
    krita.run("docker().setVisible(False)")
    krita.run("app.action('retouchml_beautify').trigger()")
    until(lambda: krita.ask("docker().isVisible() and widget('welcome').isVisible()"))
    assert krita.view()["notice"] is None
    assert krita.view()["daemon"] == "off"


def test_another_machine_does_the_work_and_no_engine_is_fetched(
    welcoming: Welcoming, picture: NDArray[np.uint8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    krita, home = welcoming.krita, welcoming.data.parent
    connector_wheels.offer(welcoming.packages, welcoming.files)
    monkeypatch.setenv("RETOUCHML_HOME", str(home))  # which the other machine is not to have
    pictures.put(krita, pictures.as_krita(picture, "U8"), tmp_path)
    with studio(FACE_PAIR, home) as there:
        until(lambda: welcoming.offers("another_machine"))
        krita.click_until("another_machine", lambda: is_visible(krita, "invitation"))
        give_invitation(krita, there)
        until(lambda: krita.ask("docker()._welcome is None"))
        until(lambda: krita.ask("widget('daemon').text()").startswith("studio: ready"))
        krita.click_until("beautify", lambda: takes(there, 1))
        until(lambda: len(krita.ask("layers()")) == 2)
    assert not welcoming.engine.exists()
    assert not welcoming.record.exists()
    assert krita.screen.windows("Script error") == []
