"""``retouchml models``, with models that were never really fetched."""

import io
import json
from pathlib import Path

import pytest

from stylegan2 import zoo
from stylegan2.zoo_folder import write_record
from tests.retouchml.running import Run

NAME = "age-gender"


@pytest.fixture
def installed(home: Path) -> Path:
    """The folder of a model that is here, as far as the zoo can tell."""
    folder = home / "data" / "models" / NAME
    folder.mkdir(parents=True)
    for file in zoo.entry(NAME).files:
        (folder / file.name).write_text("weights")
    write_record(folder, zoo.entry(NAME))
    return folder


class Typed(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        return True


def test_the_list_shows_what_is_here_and_every_licence(run: Run, installed: Path) -> None:
    listed = run("models", "list").out
    for entry in zoo.entries():
        assert entry.title in listed
        assert entry.licence in listed
    (line,) = (line for line in listed.splitlines() if line.startswith(NAME))
    assert " installed " in line
    assert listed.count("not here") == len(zoo.entries()) - 1


def test_the_list_as_json(run: Run, installed: Path) -> None:
    listed = {model["name"]: model for model in json.loads(run("models", "list", "--json").out)}
    assert {name: model["installed"] for name, model in listed.items()} == {
        entry.name: entry.name == NAME for entry in zoo.entries()
    }
    entry = zoo.entry(NAME)
    assert (listed[NAME]["title"], listed[NAME]["licence"], listed[NAME]["size"]) == (
        entry.title,
        entry.licence,
        entry.size,
    )


@pytest.mark.parametrize("action", [["fetch"], ["verify"], ["remove", "--yes"]])
def test_an_unknown_model_is_answered_with_those_there_are(action: list[str], run: Run) -> None:
    ran = run("models", *action, "nonsense")
    assert ran.code == 1
    assert "'nonsense'" in ran.err
    assert NAME in ran.err


def test_fetching_what_is_here_downloads_nothing(run: Run, installed: Path) -> None:
    ran = run("models", "fetch", NAME)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{NAME} is in {installed}.\n"


def test_fetch_without_names_means_the_default_models(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    monkeypatch.setattr(zoo, "fetch", lambda name, **_: fetched.append(name))
    assert run("models", "fetch", "--quiet").code == 0
    assert fetched == list(zoo.defaults())
    fetched.clear()
    assert run("models", "fetch", NAME, "--default").code == 0
    assert fetched == [NAME, *zoo.defaults()]


def test_verify_tells_intact_from_damaged(run: Run, installed: Path) -> None:
    assert run("models", "verify").out == f"{NAME} is intact.\n"
    (installed / "manifest.json").write_text("wEights")
    ran = run("models", "verify")
    assert (ran.code, ran.out) == (1, "")
    assert "manifest.json" in ran.err
    assert f"models fetch {NAME}" in ran.err


def test_verify_of_what_is_not_here_fails(run: Run) -> None:
    assert run("models", "verify", NAME).code == 1
    ran = run("models", "verify")
    assert (ran.code, ran.out) == (0, "No model is on this machine.\n")


def test_remove_with_yes_asks_nobody(run: Run, installed: Path) -> None:
    assert run("models", "remove", NAME, "--yes").out == f"{NAME} is removed.\n"
    assert not installed.exists()
    assert run("models", "remove", NAME, "--yes").out == f"{NAME} was not here.\n"


@pytest.mark.parametrize(
    ("answer", "is_removed"), [("y\n", True), ("Yes\n", True), ("\n", False), ("", False)]
)
def test_remove_asks_on_a_terminal(
    answer: str, is_removed: bool, run: Run, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Typed(answer))
    ran = run("models", "remove", NAME)
    assert ran.code == 0
    assert f"Remove {NAME}" in ran.err
    assert installed.exists() is not is_removed


def test_remove_without_a_terminal_or_yes_is_bad_usage(
    run: Run, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    ran = run("models", "remove", NAME)
    assert ran.code == 2
    assert "--yes" in ran.err
    assert installed.exists()


def test_import_says_that_it_cannot_be_done_yet(run: Run) -> None:
    ran = run("models", "import", "network.pkl", "--name", "mine")
    assert ran.code == 1
    assert ran.err.startswith("retouchml: Importing network.pkl is not supported by this version.")
