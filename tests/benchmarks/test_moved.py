"""What the sliders of pose move, measured on the bundled portrait."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import moved
from benchmarks.strips import PORTRAIT
from pipeline.mesh import Mesh
from pipeline.mesh_eyes import Iris
from pipeline.retoucher import Retoucher


def test_the_place_of_the_irises_is_told_along_the_eyes() -> None:
    points = np.zeros((468, 3))
    points[[33, 133, 362, 263], 0] = 10.0, 30.0, 50.0, 70.0
    mesh = Mesh(points, 1.0, (Iris(20.0, 1.0, 3.0), Iris(65.0, 0.0, 3.0)))
    assert moved.gaze_of(mesh) == pytest.approx((50.0 + 75.0) / 2.0)
    assert moved.gaze_of(replace(mesh, irises=(None, mesh.irises[1]))) == pytest.approx(75.0)
    assert np.isnan(moved.gaze_of(replace(mesh, irises=(None, None))))


def test_a_nod_is_measured_on_a_photograph(
    retoucher: Retoucher, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if retoucher.networks.mesh is None:
        pytest.skip("not fetched: mediapipe-face")
    monkeypatch.setattr(moved, "Retoucher", lambda: retoucher)
    assert moved.main([str(PORTRAIT), "--slider", "pitch"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.startswith("slider own (least to most) smile")
    name, own, *_ = line.split()
    assert name == "pitch"
    assert 5.0 < float(own) < 14.0
    assert "100% of 1" in line
