"""Loading a generator by name or path."""

from pathlib import Path

import pytest

import stylegan2
from retouchml.errors import ModelMissing, UsageError

DATA = Path(__file__).parents[1] / "data" / "stylegan2"


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        stylegan2.load(tmp_path / "none.pkl")
    with pytest.raises(ModelMissing):
        stylegan2.load(tmp_path)
    with pytest.raises(UsageError, match="float8"):
        stylegan2.load(DATA / "tf32_resnet.pkl", precision="float8")
