"""Tables on disk, whole or not used."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from pipeline.training.labelled import LabelledSamples
from pipeline.training.tables import load_table, save_table
from tests.pipeline.training.stand_ins import sampled

ARRAY = (
    b"\x93NUMPY\x01\x00\x46\x00{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }".ljust(79)
    + b"\n\x07"
)


@pytest.mark.parametrize("content", [b"", ARRAY, b"PK\x03\x04 not an archive", b"\x93NUMPY"])
def test_a_damaged_file_is_made_again(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    path.write_bytes(content)
    assert load_table(path, LabelledSamples) is None
    assert len(sampled(path, 3)) == 3


def test_a_file_of_unequal_columns_is_not_believed(tmp_path: Path) -> None:
    samples = sampled(tmp_path / "s.npz", 3)
    columns = {field.name: getattr(samples, field.name) for field in fields(LabelledSamples)}
    np.savez(tmp_path / "s.npz", **{**columns, "w": samples.w[:2]})
    assert load_table(tmp_path / "s.npz", LabelledSamples) is None


def test_saving_leaves_no_partial_file(tmp_path: Path) -> None:
    samples = sampled(tmp_path / "s.npz", 3)
    assert [path.name for path in tmp_path.iterdir()] == ["s.npz"]
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(OSError, match="folder"):
        save_table(tmp_path / "folder.npz", samples)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.npz", "s.npz"]
