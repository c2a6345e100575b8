"""Child processes of the installer."""

import sys
from pathlib import Path

import pytest

from install import processes
from retouchml.system import locks


def test_children_report_nothing_to_the_maker_of_onnx_runtime() -> None:
    assert processes.environment()["ORT_DISABLE_TELEMETRY"] == "1"


def test_what_a_python_prints_is_read_as_it_was_meant_whatever_the_systems_encoding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    assert processes.run([sys.executable, "-c", "print('größer')"], log=False).last_line == "größer"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows gives no descriptors to children")
def test_a_child_of_a_set_up_holds_its_lock_and_no_other(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("set-up", "other")]
    script = (
        "import os, sys; "
        "here = [os.fstat(each) for each in range(3, 64) if os.path.exists(f'/dev/fd/{each}')]; "
        "print([any(os.path.samestat(os.stat(path), each) for each in here) for path in sys.argv[1:]])"
    )
    command = [sys.executable, "-c", script, *files]
    with locks.exclusive(files[1]), processes.exclusive(files[0]):
        assert processes.run(command, log=False).last_line == "[True, False]"
    assert processes.run(command, log=False).last_line == "[False, False]"
