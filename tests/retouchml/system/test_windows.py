"""Access lists, on Windows itself."""

import os
import sys
from pathlib import Path

import pytest

if sys.platform != "win32":
    pytest.skip("Windows alone has access lists like these", allow_module_level=True)
else:
    from retouchml.system import windows

    def test_this_user_has_a_sid() -> None:
        assert windows.user().startswith("S-1-5-")

    def test_what_is_made_private_is_and_so_is_what_comes_into_it(tmp_path: Path) -> None:
        windows.make_private(tmp_path)
        (tmp_path / "file").write_text("mine")
        assert windows.is_private(tmp_path)
        with (tmp_path / "file").open("rb") as file:
            assert windows.is_private(file.fileno())

    def test_the_systems_folder_is_not_private() -> None:
        assert not windows.is_private(Path(os.environ["SYSTEMROOT"]))

    def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
        with pytest.raises(OSError, match=r"WinError 2\b"):
            windows.is_private(tmp_path / "nothing")
