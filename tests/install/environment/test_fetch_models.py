"""The models that are fetched."""

from install.environment import fetch_models
from stylegan2 import zoo


def test_the_models_that_retouching_needs_are_fetched_and_for_tests_the_labels_too() -> None:
    assert tuple(fetch_models.model_names(for_tests=False)) == zoo.defaults()
    assert set(fetch_models.model_names(for_tests=True)) == {*zoo.defaults(), "age-gender"}
