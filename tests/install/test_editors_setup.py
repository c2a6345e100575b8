"""Real editors for tests: if they cannot be set up, that is an error, or a remark and no editors."""

import os
from typing import Any

import pytest

from install.console import Console
from install.errors import InstallError
from tests.editors.setup import editors


def set_up(monkeypatch: pytest.MonkeyPatch, **made: Any) -> None:
    """Pretend to be root on Debian, with editors that can be had, or raise."""
    monkeypatch.setattr(editors, "_check_system", lambda: None)
    monkeypatch.setattr(editors, "EDITORS", {"one": made["one"]})
    monkeypatch.setattr(editors, "NEXT_EDITORS", {"next": made["next_one"]})


def fails(_console: Any) -> dict[str, str]:
    raise InstallError("No mirror answers.", "Look at the network.")


def test_only_root_may_set_them_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    with pytest.raises(InstallError, match="Real editors are set up from Debian's packages"):
        editors.provide(Console(), also_next=False, if_possible=False)


def test_where_they_are_only_wished_for_that_is_said_and_the_rest_is_tested(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    variables = editors.provide(Console(), also_next=True, if_possible=True)
    assert variables == {}
    assert "Real editors cannot be set up here, and are not tested: " in capsys.readouterr().out


def test_an_editor_that_cannot_be_set_up_where_it_should_be_is_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_up(monkeypatch, one=fails, next_one=fails)
    with pytest.raises(InstallError, match="No mirror answers"):
        editors.provide(Console(), also_next=True, if_possible=False)


def test_an_editor_that_cannot_be_set_up_where_it_may_be_missing_is_said_and_the_others_are_tested(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(monkeypatch, one=fails, next_one=lambda _: {"NEXT": "here"})
    variables = editors.provide(Console(), also_next=True, if_possible=True)
    assert variables == {editors.MARK: "1", "NEXT": "here"}
    assert "one cannot be set up here, and is not tested: No mirror answers." in capsys.readouterr().out


def test_what_they_need_is_told_to_the_tests_and_a_coming_version_may_be_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(monkeypatch, one=lambda _: {"ONE": "here"}, next_one=fails)
    variables = editors.provide(Console(), also_next=True, if_possible=False)
    assert variables == {editors.MARK: "1", "ONE": "here"}
    assert "next cannot be set up here" in capsys.readouterr().out
