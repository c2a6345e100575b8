"""``benchmarks.cluster`` compares Ray with the plain command by their medians."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import cluster
from benchmarks.cluster import Run


def test_the_verdict_is_about_one_process_and_medians(capsys: pytest.CaptureFixture[str]) -> None:
    plain = [Run(1.0, 2.0), Run(9.0, 2.0), Run(1.0, 2.0)]
    assert cluster.verdict({0: plain, 1: [Run(1.04, 5.0)] * 3, 2: [Run(0.6, 5.0)] * 3}) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["more than the plain command"] for row in rows] == ["+0.0%", "+4.0%", "+20.0%"]
    assert [row["a minute"] for row in rows] == [60.0, 57.7, 100.0]
    assert cluster.verdict({0: plain, 1: [Run(1.06, 5.0)] * 3}) == 1


@pytest.mark.processes
@pytest.mark.skipif(
    find_spec("ray") is None or sys.platform == "win32", reason="Ray is not installed: pip install ray"
)
def test_it_measures_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path))
    monkeypatch.setenv(cluster.SECONDS, "")
    monkeypatch.setenv("PYTHONPATH", "")
    options = ["--pictures", "4", "--seconds", "0", "--megapixels", "0.1", "--workers", "1", "--rounds", "1"]
    cluster.main(options)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["processes"] for row in rows] == ["the plain command", 1]
    assert all(row["a minute"] > 0 for row in rows)
