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
    assert scorer_gain.main([str(PORTRAIT), "--scorer", shipped, "--scorer", shipped]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "scorer faces promised seen share judge identity"
    assert len(lines) == 2
    assert lines[0] == lines[1]  # both climbed from the same code
    name, faces, promised, seen, share, *_, distance = lines[0].split()
    assert (name, faces) == (shipped, "1")
    assert 0.2 < float(promised) < 2.0
    assert float(seen) > 0.1
    assert int(share[:-1]) == pytest.approx(100.0 * float(seen) / float(promised), abs=1.0)
    assert 0.05 < float(distance) < 0.4


def test_photographs_or_a_folder_are_named() -> None:
    with pytest.raises(SystemExit):
        scorer_gain.main([])
