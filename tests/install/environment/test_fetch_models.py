"""The models that are fetched."""

from install.environment import fetch_models
from stylegan2 import zoo


def test_the_models_that_retouching_needs_are_fetched_and_for_tests_the_labels_too() -> None:
    assert tuple(fetch_models.model_names(for_tests=False)) == zoo.defaults()
    assert set(fetch_models.model_names(for_tests=True)) == {*zoo.defaults(), "age-gender"}


def test_what_several_models_are_made_from_counts_once_as_it_is_fetched_once() -> None:
    face, person = zoo.find("mediapipe-face"), zoo.find("mediapipe-person")
    assert (face.sha256, face.size) == (person.sha256, person.size)
    assert fetch_models.models_size() == sum(zoo.find(name).size for name in zoo.defaults()) - person.size
