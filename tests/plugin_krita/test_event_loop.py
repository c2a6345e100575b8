"""No exception leaves a guarded slot, whatever happens while it is reported."""

from plugin_krita.event_loop import Guard


def fail() -> None:
    raise ValueError("a bug")


def test_an_exception_is_reported_and_goes_no_further() -> None:
    guard, seen = Guard(), []
    guard.report = seen.append
    guard(fail)()
    assert [str(each) for each in seen] == ["a bug"]


def test_a_report_that_fails_itself_ends_there() -> None:
    guard, count = Guard(), []

    def report(_error: Exception) -> None:
        count.append(1)
        guard(fail)()
        raise KeyError("in the report")

    guard.report = report
    guard(fail)()
    guard(fail)()
    assert len(count) == 2
