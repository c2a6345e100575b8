"""The script in a real darktable on a virtual screen, with a stand-in command.

Only with RETOUCHML_TEST_DARKTABLE=1, as darktable's start takes a minute on a busy machine.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from retouchml.system.editors import SCRIPT
from tests.conftest import PORTRAIT
from tests.retouchml.darktable.test_script import SCRIPT as SOURCE

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("RETOUCHML_TEST_DARKTABLE"), reason="needs darktable, see CONTRIBUTING.md"
    ),
    pytest.mark.processes,
]

COMMAND = """#!{python}
import sys
from pathlib import Path
words = sys.argv[1:]
if words[0] != "presets":
    Path(words[words.index("--output") + 1]).write_text("retouched: " + words[words.index("--preset") + 1])
"""
EXPORT = """
local dt = require "darktable"
require "retouchml/retouchml"
dt.control.dispatch(function()
  pcall(function()
    local image = dt.database.import("{picture}")
    dt.new_format("png"):write_image(image, "{result}", false)
  end)
  os.exit(0)
end)
"""


@pytest.mark.parametrize(("preset", "is_retouched"), [("studio", True), ("off", False)])
def test_what_darktable_exports_is_retouched(tmp_path: Path, preset: str, is_retouched: bool) -> None:
    command, folder = tmp_path / "it's a command", tmp_path / "conf/lua/retouchml"
    command.write_text(COMMAND.format(python=sys.executable))
    command.chmod(0o755)
    folder.mkdir(parents=True)
    (folder / SCRIPT).write_text(SOURCE.read_text().replace("@COMMAND@", str(command)))
    picture, result = tmp_path / "a picture.png", tmp_path / "its result.png"
    shutil.copyfile(PORTRAIT, picture)
    (tmp_path / "conf/luarc").write_text(EXPORT.format(picture=picture, result=result))
    subprocess.run(
        [
            *("xvfb-run", "-a", "darktable", "-t", "1", "--library", ":memory:"),
            *("--configdir", tmp_path / "conf", "--cachedir", tmp_path / "cache"),
            *("--conf", f"lua/retouchml/preset={preset}"),
        ],
        timeout=400,
        check=False,
        capture_output=True,
    )
    content = result.read_bytes()
    assert (content == b"retouched: studio") == is_retouched
    assert content.startswith(b"\x89PNG") != is_retouched
