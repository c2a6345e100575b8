"""A small batch that is killed and finds its disk full loses nothing, and the benchmark would see a loss."""

import json
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.retouchml.cli.batch.cluster_backend import LOG

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform == "win32", reason="of signals and limits"),
]


@pytest.mark.parametrize("way", ["here", "remote", "ray"])
def test_a_batch_that_is_killed_and_finds_its_disk_full_loses_nothing(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from benchmarks import losses

    if way == "ray" and find_spec("ray") is None:
        pytest.skip("Ray is not installed: pip install ray")
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path))
    monkeypatch.setenv(LOG, "")
    code = losses.main(["--pictures", "80", "--kills", "2", "--way", way])
    said = capfd.readouterr().out
    assert code == 0, said
    assert "75 retouched, 2 without a face, 3 bad ones; 2 kills" in said


def test_what_is_missing_half_wrong_or_told_wrongly_is_seen(tmp_path: Path) -> None:
    from benchmarks.losses import Trial, differences, make_pictures

    expected = make_pictures(tmp_path / "in", 50, real=False)
    trial = Trial(tmp_path / "in", tmp_path / "out", tmp_path / "report", (), real=False)
    lines = []
    for name, status in expected.items():
        (trial.results / name).parent.mkdir(parents=True, exist_ok=True)
        if status != "failed":
            shutil.copy(trial.pictures / name, trial.results / name)
        output = None if status == "failed" else str(trial.results / name)
        lines.append({"image": str(trial.pictures / name), "status": status, "output": output})
    trial.report.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = differences(trial, expected)
    done = [name for name, status in expected.items() if status == "done"]
    assert found == [f"{name}: another picture's pixels" for name in done]  # they were only copied

    (trial.results / done[0]).unlink()
    (trial.results / done[1]).write_bytes((trial.pictures / done[1]).read_bytes()[:-40])
    (trial.results / "more.png").touch()
    first = json.dumps(lines[list(expected).index(done[2])])
    trial.report.write_text(f"{first}\n{trial.report.read_text()}".replace('"no_face"', '"done"'))
    told = {text.partition(": ")[0]: text for text in differences(trial, expected) if text not in found}
    assert "no result" in told[done[0]]
    assert "half a result" in told[done[1]]
    assert "nobody asked" in told["more.png"]
    assert "twice" in told[done[2]]
    assert "no_face was expected" in told["4/39.png"]
