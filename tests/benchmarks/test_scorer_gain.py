"""What a scorer promises on the bundled portrait, and what rater and judge see of it."""

import pytest

from benchmarks import scorer_gain
from benchmarks.strips import PORTRAIT
from pipeline.latent_network import weights_folder
from pipeline.retoucher import Retoucher


def test_a_promise_is_compared_with_what_is_seen(
    retoucher: Retoucher, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scorer_gain, "Retoucher", lambda: retoucher)
    shipped = str(weights_folder() / "scorer.safetensors")
    assert scorer_gain.main([str(PORTRAIT), "--scorer", shipped, "--ease", "1.3", "--ease", "1e9"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "scorer ease faces promised seen share judge identity"
    assert len(lines) == 2
    rows = [line.split() for line in lines]
    assert [row[:3] for row in rows] == [[shipped, "1.3", "1"], [shipped, "1e+09", "1"]]
    for *_, promised, seen, share, _, distance in rows:
        assert 0.2 < float(promised) < 2.0
        assert float(seen) > 0.1
        assert int(share[:-1]) == pytest.approx(100.0 * float(seen) / float(promised), abs=1.0)
        assert 0.05 < float(distance) < 0.45
    # who goes straight up is somebody else the sooner
    assert float(rows[0][3]) > float(rows[1][3])


def test_photographs_or_a_folder_are_named() -> None:
    with pytest.raises(SystemExit):
        scorer_gain.main([])
