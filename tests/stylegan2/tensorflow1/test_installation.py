"""The environment with TensorFlow 1.15: whether it is there, and whether it computes."""

import json
from pathlib import Path

import pytest

import stylegan2
from retouchml import paths
from retouchml.errors import DeviceError
from stylegan2.tensorflow1 import installation
from tests.conftest import at_home
from tests.stylegan2 import test_parity as reference

NETWORK = reference._TRIMMED / "tf32_skip_as_rosinality.pt"


def test_without_the_environment_the_installer_is_named() -> None:
    with pytest.raises(DeviceError) as refused:
        stylegan2.load(NETWORK, engine="tensorflow1")
    assert "not installed" in refused.value.message
    assert "python3 install tensorflow1" in refused.value.advice


def test_the_version_is_that_of_a_tensorflow_that_computes(tensorflow1_home: Path) -> None:
    with at_home(tensorflow1_home):
        assert installation.is_installed()
        assert installation.version().startswith("1.15.")


@pytest.mark.parametrize(
    "record", ["nonsense", "[]", '{"python": 3}', json.dumps({"python": "/gone/python"})]
)
def test_a_record_that_is_of_no_use_names_the_installer(record: str) -> None:
    file = paths.data_dir() / "tensorflow1" / "installed.json"
    file.parent.mkdir(parents=True)
    file.write_text(record)
    with pytest.raises(DeviceError) as refused:
        installation.interpreter()
    assert "python3 install tensorflow1" in refused.value.advice
