"""GIMP shows the filter although the first ``python3`` on its path has no ``gi``."""

import os
from pathlib import Path

import pytest

from install.actions import gimp as action
from install.actions.gimp import GimpPlugin
from install.console import Console
from install.editors import plugin_folder
from retouchml.system.editors import GIMP
from tests.editors.gimp.running import plug_ins


def test_the_filter_is_there_where_the_first_python_has_no_gi(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = os.environ.get("RETOUCHML_TEST_GIMP")
    if root is None:
        pytest.skip("GIMP 3.0 was not set up: `python3 install test --editors`")
    user = tmp_path_factory.mktemp("gimp")
    first = user / "first/python3"
    first.parent.mkdir()
    first.write_text("#!/bin/sh\nexit 1\n")
    first.chmod(0o755)
    (user / ".config/GIMP/3.0").mkdir(parents=True)
    monkeypatch.setattr(Path, "home", lambda: user)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    # GIMP's own Debian has one that does; this machine need not
    monkeypatch.setattr(action, "python_of_gimp", lambda: "/usr/bin/python3")
    plugin, (profile,) = GimpPlugin(), GIMP.find()
    plugin.place(profile, plugin.files_for(profile, plugin.files(Console()), Console()))
    assert plugin_folder.read(profile.plugins / GIMP.folder) is not None
    found = plug_ins(Path(root), user, "3.0", first.parent)
    assert "plug-in-retouchml-beautify" in found
    plugin.place(profile, plugin.files(Console()))  # as it was: with the first Python on the path
    assert "plug-in-retouchml-beautify" not in plug_ins(Path(root), user, "3.0", first.parent)
