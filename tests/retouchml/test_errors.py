import pickle
from collections.abc import Iterator

import pytest

from retouchml import errors
from retouchml.errors import RetouchError


def tree(root: type[RetouchError] = RetouchError) -> Iterator[type[RetouchError]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


OURS = [error for error in tree() if error.__module__ == errors.__name__]


def test_every_code_of_the_wire_means_one_class() -> None:
    codes = [error.code for error in OURS]
    assert len(set(codes)) == len(codes)


def test_the_exit_codes_are_those_of_the_design() -> None:
    special = {error.__name__: error.exit_code for error in OURS if error.exit_code != 1}
    assert special == {"UsageError": 2, "NoFaceError": 3, "Cancelled": 130}


@pytest.mark.parametrize("error", OURS)
def test_an_error_survives_the_way_to_another_process(error: type[RetouchError]) -> None:
    copy = pickle.loads(pickle.dumps(error("It broke.", "Mend it.")))
    assert (type(copy), copy.message, copy.advice) == (error, "It broke.", "Mend it.")


def test_the_explanation_is_the_sentence_and_the_advice() -> None:
    assert RetouchError("It broke.", "Mend it.").explain() == "It broke. Mend it."
    assert RetouchError("It broke.").explain() == "It broke."


def test_the_docstring_draws_the_whole_tree() -> None:
    assert errors.__doc__ is not None
    assert [error.__name__ for error in OURS if error.__name__ not in errors.__doc__] == []
