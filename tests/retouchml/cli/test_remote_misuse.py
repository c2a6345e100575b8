"""``retouchml remote`` and ``retouchml daemon keys``, used wrongly."""

from pathlib import Path

import pytest

from tests.retouchml.running import Run

HOST = ["--host", "gpu:5555"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["remote"], 2, "required: ACTION"),
        (["remote", "add"], 2, "required: FILE"),
        (["remote", "add", "gone.json"], 1, "gone.json cannot be read"),
        (["remote", "add", "."], 1, ". cannot be read"),
        (["remote", "add", "list"], 1, "list is no connection file"),
        (["remote", "add", "anna.json", "--name", ""], 2, "'' cannot be the name of a remote"),
        (["remote", "add", "anna.json", "--name", "local"], 2, "'local' cannot be the name of a remote"),
        (["remote", "add", "anna.json", "--host", "gpu:0"], 2, "gpu:0 is no HOST:PORT"),
        (["remote", "list", "more"], 2, "unrecognized arguments: more"),
        (["remote", "test"], 2, "No remote is in use"),
        (["remote", "test", ""], 2, "The name of a remote is missing"),
        (["remote", "test", "gone"], 2, "There is no remote called gone"),
        (["remote", "test", "gone", "more"], 2, "unrecognized arguments: more"),
        (["remote", "use"], 2, "required: NAME"),
        (["remote", "use", ""], 2, "The name of a remote is missing"),
        (["remote", "use", "gone"], 2, "There is no remote called gone"),
        (["remote", "remove", ""], 2, "The name of a remote is missing"),
        (["remote", "remove", "gone"], 2, "There is no remote called gone"),
        (["daemon", "keys"], 2, "required: ACTION"),
        (["daemon", "keys", "add"], 2, "required: NAME"),
        (["daemon", "keys", "add", "", *HOST], 2, "'' cannot be the name of a person"),
        (["daemon", "keys", "add", "../x", *HOST, "-o", "x"], 2, "'../x' cannot be the name of a person"),
        (["daemon", "keys", "add", "otto", "--host", "gpu"], 2, "gpu is no HOST:PORT"),
        (["daemon", "keys", "add", "otto", "--host", "gpu:70000"], 2, "gpu:70000 is no HOST:PORT"),
        (["daemon", "keys", "add", "otto", "--host", "*:5555"], 2, "is every address of this machine"),
        (["daemon", "keys", "add", "otto"], 2, "No daemon listens on TCP"),
        (["daemon", "keys", "add", "otto", *HOST, "-o", "list"], 2, "list exists already"),
        (["daemon", "keys", "add", "otto", *HOST, "-o", "gone/otto.json"], 1, "cannot be written"),
        (["daemon", "keys", "add", "otto", "ben", *HOST], 2, "unrecognized arguments: ben"),
        (["daemon", "keys", "add", "Anna", *HOST], 2, "anna has a key already"),
        (["daemon", "keys", "list", "more"], 2, "unrecognized arguments: more"),
        (["daemon", "keys", "revoke"], 2, "required: NAME"),
        (["daemon", "keys", "revoke", ""], 2, "The name of a person is missing"),
        (["daemon", "keys", "revoke", "ana"], 2, "There is no person called ana. Did you mean anna?"),
    ],
)
def test_it_is_explained_and_changes_nothing(
    arguments: list[str], code: int, words: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list").write_text("no key\n")
    assert run("daemon", "keys", "add", "anna", *HOST).code == 0
    ran = run(*arguments)
    assert ran.code == code
    assert words in ran.err
    assert run("remote", "list").out.startswith("There is none")
    assert run("daemon", "keys", "list").out.startswith("anna  use  2")
    assert run("daemon", "keys", "list").out.count("\n") == 1
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.is_file()) == ["anna.json", "list"]


def test_a_revocation_where_nobody_has_a_key_says_so(run: Run) -> None:
    ran = run("daemon", "keys", "revoke", "anna")
    assert ran.code == 2
    assert "There is no person called anna, nor any other." in ran.err
