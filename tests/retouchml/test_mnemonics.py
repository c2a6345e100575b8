"""Each title gets a key of its own."""

import pytest

from retouchml.mnemonics import key_of, with_keys


@pytest.mark.parametrize("mark", ["_", "&"])
def test_no_two_titles_have_the_same_key(mark: str) -> None:
    labels = with_keys(["Smile", "Small", "Age", "as"], [f"{mark}Save", "No key"], mark)
    assert labels == [f"S{mark}mile", f"Sm{mark}all", f"A{mark}ge", "as"]


def test_a_title_in_another_script_gets_a_letter_behind_it() -> None:
    assert with_keys(["装置", "言語"], ["&B"], "&") == ["装置(&A)", "言語(&C)"]
    assert with_keys(["1 : 1"]) == ["1 : 1(_A)"]


def test_a_mark_that_is_a_letter_of_the_title_stays_one() -> None:
    assert with_keys(["a_b", "Q&A"], mark="&") == ["&a_b", "&Q&&A"]


@pytest.mark.parametrize(("label", "key"), [("&File", "f"), ("Sa&ve", "v"), ("Q&&A", ""), ("Q&&&A", "a")])
def test_the_key_of_a_label(label: str, key: str) -> None:
    assert key_of(label, "&") == key
