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

import pytest

from install.packaging import zips
from retouchml.system.locks import exclusive
from tests.editors.krita import running
from tests.editors.krita.conftest import VERSIONS
from tests.editors.krita.running import Krita, until
from tests.install.packaging import small_light
from tests.marks import marks_tests

_IMPORTER = Path("/usr/share/krita/pykrita/plugin_importer/plugin_importer.py")
_PLUGIN = Path(".local", "share", "krita", "pykrita", "retouchml_krita")
_STATE, _LOG = "widget('setup_state').text()", "widget('setup_log').toPlainText()"


@dataclass(frozen=True)
class Welcoming:
    """Krita with the zip's plug-in, the user's data folder, and the folder that stands for the network."""

    krita: Krita
    data: Path
    packages: Path

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
            yield Welcoming(krita, Path(home, "data"), packages)


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
