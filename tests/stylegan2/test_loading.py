"""Loading a generator by name or path."""

from pathlib import Path

import pytest

import stylegan2
from retouchml.errors import ModelMissing, UsageError
from stylegan2.precision import Precision

DATA = Path(__file__).parents[1] / "data" / "stylegan2"


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        stylegan2.load(tmp_path / "none.pkl")
    with pytest.raises(ModelMissing):
        stylegan2.load(tmp_path)
    with pytest.raises(UsageError, match="float8"):
        stylegan2.load(DATA / "tf32_resnet.pkl", precision="float8")


@pytest.mark.parametrize("precision", ["float16", "float64"])
def test_tensorflow_has_one_precision(precision: Precision) -> None:
    with pytest.raises(UsageError, match=f"computes in float32, not in {precision}"):
        stylegan2.load(DATA / "tf32_resnet.pkl", precision=precision, engine="tensorflow1")
