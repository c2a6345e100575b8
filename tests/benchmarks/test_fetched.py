"""What a set-up fetched is read from pip's own words, each file once."""

from pathlib import Path

from benchmarks import fetched


def test_a_file_that_is_kept_and_installed_is_fetched_once(tmp_path: Path) -> None:
    index, own = tmp_path / "index", tmp_path / "own"
    for folder in (index, own):
        folder.mkdir()
        (folder / f"{folder.name}-1.0-py3-none-any.whl").write_bytes(bytes(2_000_000))
    taken = f"Processing {index}/index-1.0-py3-none-any.whl"
    light = f"Processing {own}/own-1.0-py3-none-any.whl"
    log = (
        f"{taken}\nDownloading parts-1.0.whl (1.5 MB)\n{taken}\n{light}\nDownloading more-1.0.whl (500 kB)\n"
    )
    assert fetched.by_pip(log, own) == 4.0
