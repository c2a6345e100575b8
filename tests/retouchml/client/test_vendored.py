"""Third-party modules beside a plug-in: each Python gets those that it can load."""

import sys
from pathlib import Path
from typing import Any

import pytest

from retouchml.client import vendored


@pytest.mark.parametrize(
    ("version", "name"),
    [((3, 10), "cp310"), ((3, 11), "cp311"), ((3, 12), "cp312"), ((3, 13), "cp312"), ((3, 9), "cp310")],
)
def test_each_python_is_given_the_wheels_that_it_can_load(
    version: tuple[int, int], name: str, tmp_path: Path
) -> None:
    assert vendored.folder_for(tmp_path, version) == tmp_path / name


def test_a_module_that_does_not_load_is_no_half_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = vendored.folder_for(tmp_path, sys.version_info[:2])
    for name, text in (("zmq", "import zmq.part\nraise ImportError('wrong ABI')"), ("msgpack", "")):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(text)
        (folder / name / "part.py").write_text("")
    kept: Any = {
        name: module for name, module in sys.modules.items() if name.partition(".")[0] in ("zmq", "msgpack")
    }
    for name in kept:
        monkeypatch.delitem(sys.modules, name)
    path = list(sys.path)
    try:
        assert not vendored.use(tmp_path)
        assert sys.path == path
        assert "zmq.part" not in sys.modules
        assert "msgpack" in sys.modules
    finally:
        sys.modules.pop("msgpack", None)
