"""The Python interface: what ``retouchml`` itself offers."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import retouchml

ROOT = Path(__file__).parents[2]


def test_it_offers_the_names_of_the_documented_interface() -> None:
    from pipeline.pictures import read_picture, write_picture
    from pipeline.retoucher import Retoucher
    from retouchml.look import Look

    assert retouchml.__all__ == ["Look", "Retoucher", "__version__", "read_picture", "write_picture"]
    assert (retouchml.Look, retouchml.Retoucher) == (Look, Retoucher)
    assert (retouchml.read_picture, retouchml.write_picture) == (read_picture, write_picture)


def test_the_version_is_that_of_the_project() -> None:
    # not the installed package's: the metadata beside a checkout may be of an earlier version
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert retouchml.__version__ == project["project"]["version"]


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = retouchml.nothing  # type: ignore[attr-defined]


def test_importing_it_loads_no_third_party_module_and_look_loads_no_model() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import retouchml; from retouchml import Look; Look(0.5)\n"
        "print(sorted({'numpy', 'torch', 'cv2', 'zmq', 'msgpack', 'pipeline'} & (set(sys.modules) - before)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
