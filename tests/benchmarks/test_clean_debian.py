"""What the benchmark of the set-up counts as fetched."""

from pathlib import Path

import pytest

from benchmarks.clean_debian import CleanDebian

_LOG = """
Downloading numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl (16.9 MB)
   ---- 16.9/16.9 MB 4.7 MB/s eta 0:00:00
Downloading zope-1.0-py3-none-any.whl (500 kB)
Processing /release/retouchml_engine-0.2.0-py3-none-any.whl
Processing /home/anna/.local/share/retouchml/engine/tmp1/retouchml-0.2.0-py3-none-any.whl
"""


def test_what_pip_downloads_and_takes_from_a_folder_is_fetched_and_what_is_packed_here_is_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "release").mkdir()
    (tmp_path / "release/retouchml_engine-0.2.0-py3-none-any.whl").write_bytes(bytes(2_000_000))
    assert CleanDebian(tmp_path, {}).fetched(_LOG) == pytest.approx(16.9 + 0.5 + 2.0)


def test_the_user_s_home_is_measured_in_files(tmp_path: Path) -> None:
    (tmp_path / "home/anna/folder").mkdir(parents=True)
    (tmp_path / "home/anna/folder/file").write_bytes(bytes(3_000_000))
    assert CleanDebian(tmp_path, {}).home_size() == pytest.approx(3.0)
