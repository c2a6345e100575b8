from retouchml.spelling import unknown_name


def test_a_near_name_is_asked_for_and_all_are_named() -> None:
    error = unknown_name("slider", "Theeth", ["teeth", "smile"])
    assert error.message == "There is no slider called Theeth. Did you mean teeth?"
    assert error.advice == "There are: teeth, smile."


def test_without_a_near_name_nothing_is_asked() -> None:
    assert unknown_name("slider", "moustache", ["smile"]).message == "There is no slider called moustache."


def test_a_very_long_name_is_shortened() -> None:
    assert len(unknown_name("slider", "x" * 100_000, ["smile"]).message) < 120
