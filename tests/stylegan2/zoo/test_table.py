"""The table of models: every row is whole, and reading it is cheap."""

import re
import subprocess
import sys

import pytest

from retouchml.errors import ModelMissing
from stylegan2 import zoo
from stylegan2.zoo import fetching
from stylegan2.zoo import table as zoo_table


def test_the_default_models_are_what_retouching_needs() -> None:
    assert zoo.defaults() == ("ffhq-mobile", "dlib-faces", "mediapipe-face", "mediapipe-person", "yunet")


def test_every_entry_is_pinned_by_version_hash_and_size() -> None:
    for model in zoo.models():
        assert re.fullmatch(r"[0-9a-f]{64}", model.sha256)
        assert model.size > 100_000
        if model.url:
            assert model.requirement == ""
            assert model.without or not model.default  # that address is not within everyone's reach
            continue
        assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+", model.requirement)
        assert model.version in model.archive


def test_a_wheel_for_one_platform_is_asked_for_by_its_tags() -> None:
    assert zoo.find("mediapipe-face").tags == ("cp311", "cp311", "manylinux_2_28_x86_64")
    assert zoo.find("ffhq-mobile").tags is None
    assert zoo.find("dlib-faces").tags is None


def test_only_a_default_model_says_what_is_lost_without_it() -> None:
    names = {model.name for model in zoo.models() if model.without}
    assert names == {"mediapipe-face", "mediapipe-person", "yunet"}
    assert all(model.default for model in zoo.models() if model.without)


def test_a_size_is_told_in_megabytes_also_a_small_one() -> None:
    assert zoo.find("mediapipe-face").size_text == "36 MB"
    assert zoo.find("yunet").size_text == "0.2 MB"


def test_every_entry_says_what_its_licence_allows_and_where_it_comes_from() -> None:
    for model in zoo.models():
        assert model.licence
        assert model.source.startswith("https://")
        assert model.note


def test_what_only_non_commercial_use_is_allowed_for_says_so() -> None:
    assert "non-commercial" in zoo.find("ffhq-mobile").licence
    assert "non-commercial" in zoo.find("dlib-faces").licence
    assert "non-commercial" not in zoo.find("age-gender").licence


def test_every_entry_is_consistent() -> None:
    names = [model.name for model in zoo.models()]
    assert len(set(names)) == len(names)
    for model in zoo.models():
        assert model.kind in {"generator", "faces", "labels"}
        assert set(model.needs) <= set(names)
        if model.converter:
            assert model.converter in fetching.CONVERTERS
            assert model.revision > 0
        else:
            unpacked = [member.rpartition("/")[2] for member in model.members] or [model.archive]
            assert unpacked == [file.name for file in model.files]
            assert all(file.sha256 and file.size for file in model.files)


def test_an_unknown_model_is_missing_and_the_known_ones_are_named() -> None:
    with pytest.raises(ModelMissing) as caught:
        zoo.find("ffhq-giant")
    assert "ffhq-giant" in caught.value.message
    assert "ffhq-mobile" in caught.value.advice


def test_reading_the_table_imports_nothing_heavy() -> None:
    script = (
        "import sys; from stylegan2 import zoo; zoo.models(); print({'torch', 'numpy'} & sys.modules.keys())"
    )
    answer = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == "set()"


def test_every_default_model_can_be_hosted_with_the_names_that_it_has_here() -> None:
    for model in zoo_table.published():
        if model.default:
            assert {file.name for file in model.hosted} >= {file.name for file in model.files}, model.name
            assert all(len(file.sha256 or "") == 64 for file in model.hosted)
