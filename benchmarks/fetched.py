"""How many megabytes a set-up fetched, by pip's own words, and how many lie in a folder."""

import re
from collections.abc import Callable
from pathlib import Path

_DOWNLOADED = re.compile(r"Downloading \S+ \(([\d.]+) (kB|MB)\)")
_TAKEN = re.compile(r"Processing (/\S+\.whl)")
_UNITS = {"kB": 1e3, "MB": 1e6}


def by_pip(log: str, own: Path, locate: Callable[[str], Path] = Path) -> float:
    """Megabytes that pip downloaded, or took from a folder in place of an index.

    own: a folder whose wheels came with the set-up itself; locate: where a path of the log is
    """
    downloaded = sum(float(size) * _UNITS[unit] for size, unit in _DOWNLOADED.findall(log))
    # each once: what is kept for later comes from the same place as what is installed
    paths = {Path(path).name: path for path in _TAKEN.findall(log) if not Path(path).is_relative_to(own)}
    taken = map(locate, paths.values())
    return float(downloaded + sum(path.stat().st_size for path in taken)) / 1e6


def on_disk(folder: Path) -> float:
    """Megabytes of the files in a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir()) / 1e6
