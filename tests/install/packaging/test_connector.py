"""A plug-in from a zip, on a machine without an engine, works with a real daemon of another machine."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from retouchml.setup import installer
from tests.editors.studio import Studio, studio
from tests.install.packaging import connector_wheels, small_light
from tests.marks import marks_tests
from tests.retouchml import light as light_folder
from tests.stand_in_backend import FACE_PAIR

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="packs Linux's wheels")]

# what an editor does when its page's buttons are pressed: it has no site-packages, so no ZeroMQ
_EDITOR = """
import json, sys, time
from pathlib import Path
folder, invitation, address = sys.argv[1:]
sys.path.insert(0, folder)
sys.executable = "/usr/bin/krita"
from retouchml.client import vendored
assert not vendored.use(Path(folder, "vendor"))
from dataclasses import replace
from retouchml.client import machines_page, welcome_reason
from retouchml.client.pixel_format import PixelFormat
from retouchml.client.welcome_page import WelcomePage
from retouchml.look import Look

assert welcome_reason.find().why.value == "missing"
page = WelcomePage.of_this_user(welcome_reason.find())
while page.is_busy:
    time.sleep(0.05)
page.press("another_machine")
read = machines_page.read(Path(invitation))
page.take_machine(machines_page.add(replace(read, name="studio", address=address)))
while page.is_busy:
    time.sleep(0.05)
shown = page.shown()
answer = {"done": shown.is_done, "state": shown.state, "log": shown.log, "patches": 0}
answer["reason"] = str(welcome_reason.find())
if shown.is_done:
    with machines_page.new_client("an editor") as client:
        opened = client.open(PixelFormat(320, 160), bytearray(4 * 320 * 160)).result(60)
        answer["patches"] = len(opened.render({0: Look(0.5)}).result(60).patches)
        answer["transport"] = type(client._transport).__name__
page.close()
print(json.dumps(answer))
"""


@pytest.fixture
@marks_tests("processes")
def plug_in(built: tuple[Path, Path], tmp_path: Path) -> Path:
    """A zip's plug-in, unpacked: pure Python, with the set-up; beside it, packages for pip."""
    folder = light_folder.lay_out(tmp_path / "plug-in", "msgpack", "platformdirs")
    with zipfile.ZipFile(built[0]) as archive:
        archive.extractall(folder)
    (tmp_path / "packages").mkdir()
    connector_wheels.offer(tmp_path / "packages", folder / "retouchml" / "setup" / "files")
    return folder


def _edit(plug_in: Path, there: Studio, home: Path, links: Path) -> "dict[str, object]":
    variables = {**small_light.pip_settings(links), "RETOUCHML_HOME": str(home), "HOME": str(home)}
    outcome = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _EDITOR, str(plug_in), str(there.file), there.address],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert outcome.returncode == 0, outcome.stderr
    answer: dict[str, object] = json.loads(outcome.stdout)
    return answer


def test_two_megabytes_reach_another_machine_where_no_engine_is(plug_in: Path, tmp_path: Path) -> None:
    home, packages = tmp_path / "h", tmp_path / "packages"
    home.mkdir()
    with studio(FACE_PAIR, home) as there:
        answer = _edit(plug_in, there, home, packages)
    assert answer["done"], answer["log"]
    assert (answer["patches"], answer["transport"]) == (1, "BridgeTransport")
    assert answer["reason"] == "None", "an editor that starts again asks for nothing"
    connector = home / "data" / "connector"
    assert sorted(path.name for path in connector.iterdir()) == ["connector.json", "packages"]
    assert [path.name for path in connector.parent.iterdir()] == ["connector"], "nothing half made"
    assert sum(path.stat().st_size for path in connector.rglob("*") if path.is_file()) < 12e6
    assert sum(path.stat().st_size for path in packages.glob("*.whl")) < 6e6


def test_without_a_network_it_says_so_and_leaves_nothing(plug_in: Path, tmp_path: Path) -> None:
    home, nothing = tmp_path / "h", tmp_path / "nothing"
    for folder in (home, nothing):
        folder.mkdir()
    with studio(FACE_PAIR, home) as there:
        answer = _edit(plug_in, there, home, nothing)
        assert not answer["done"]
        assert str(answer["state"]).startswith("That did not work: The package index")
        assert "connect" in str(answer["reason"])
        assert not list((home / "data").glob("connector*"))


def test_no_module_of_a_plug_in_stands_before_one_of_the_standard_library() -> None:
    # the bridge's process has the plug-in's folder in its path
    top = installer.FILES.parents[2]
    names = {path.stem for path in (*(top / "plugin_krita").iterdir(), *(top / "plugin_gimp").iterdir())}
    assert not {*names, "retouchml", "plugin_gimp", "vendor"} & set(sys.stdlib_module_names) - {"__init__"}
