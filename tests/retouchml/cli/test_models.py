"""``retouchml models``, with models that were never really fetched."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from retouchml import translation
from retouchml.errors import DownloadError
from retouchml.system import terminal
from stylegan2 import zoo
from stylegan2.zoo.storage import write_record
from tests.retouchml.running import Run
from tests.shared_data import yunet_file

NAME = "age-gender"


@pytest.fixture
def installed(home: Path) -> Path:
    """The folder of a model that is here, as far as the zoo can tell."""
    folder = home / "data" / "models" / NAME
    folder.mkdir(parents=True)
    for file in zoo.find(NAME).files:
        (folder / file.name).write_text("weights")
    write_record(folder, zoo.find(NAME))
    return folder


class Typed(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        return True


def test_the_list_shows_what_is_here_and_every_licence(run: Run, installed: Path) -> None:
    listed = run("models", "list").out
    for model in zoo.models():
        assert model.title in listed
        assert model.licence in listed
    (line,) = (line for line in listed.splitlines() if line.startswith(NAME))
    assert " installed " in line
    assert listed.count("not here") == len(zoo.models()) - 1


@pytest.mark.parametrize(
    ("language", "here", "there"), [("de", "vorhanden", "nicht hier"), ("ja", "あります", "ありません")]
)
def test_the_list_says_what_is_here_in_the_language_of_the_user(
    run: Run, installed: Path, monkeypatch: pytest.MonkeyPatch, language: str, here: str, there: str
) -> None:
    monkeypatch.setenv("RETOUCHML_LANGUAGE", language)
    try:
        heads = [line for line in run("models", "list").out.splitlines() if not line.startswith(" ")]
    finally:
        translation.use(translation.SOURCE)
    assert [f" {here} " in line for line in heads] == [line.startswith(NAME) for line in heads]
    assert [f" {there} " in line for line in heads] == [not line.startswith(NAME) for line in heads]
    assert len({terminal.width(line.partition(" MB")[0]) for line in heads}) == 1  # in columns


def test_the_list_as_json(run: Run, installed: Path) -> None:
    listed = {model["name"]: model for model in json.loads(run("models", "list", "--json").out)}
    assert {name: model["installed"] for name, model in listed.items()} == {
        model.name: model.name == NAME for model in zoo.models()
    }
    model = zoo.find(NAME)
    assert (listed[NAME]["title"], listed[NAME]["licence"], listed[NAME]["size"]) == (
        model.title,
        model.licence,
        model.size,
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


def out_of_reach(names: list[str]) -> Callable[..., None]:
    """A fetch for which the hosts of these models are out of reach."""

    def fetch(name: str, **_: object) -> None:
        if name in names:
            raise DownloadError("The host cannot be reached.")

    return fetch


def test_a_default_model_that_can_be_missing_may_be_out_of_reach(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoo, "fetch", out_of_reach(["yunet"]))
    ran = run("models", "fetch")
    assert ran.code == 0
    assert "yunet was not fetched: The host cannot be reached. Retouching works; dlib alone" in ran.err
    assert "`retouchml models fetch yunet`" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert "yunet is in" not in ran.out
    assert "ffhq-mobile is in" in ran.out


def test_a_model_that_is_needed_or_asked_for_may_not_be_out_of_reach(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoo, "fetch", out_of_reach(["yunet", "dlib-faces"]))
    assert run("models", "fetch").code == 1
    assert run("models", "fetch", "yunet").code == 1


def test_fetch_from_a_file_is_for_one_model(run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(b"something else")
    for names in ([], ["yunet", "--default"], ["yunet", NAME]):
        ran = run("models", "fetch", *names, "--from", str(copy))
        assert (ran.code, "one model" in ran.err) == (2, True), names
    ran = run("models", "fetch", "yunet", "--from", str(copy))
    assert ran.code == 2
    assert "232589 bytes" in ran.err


def test_yunet_is_fetched_from_a_copy(run: Run) -> None:
    assert run("models", "fetch", "yunet", "--from", str(yunet_file())).code == 0
    assert run("models", "verify").out == "yunet is intact.\n"


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


NETWORK = Path(__file__).parents[2] / "data" / "stylegan2" / "tf32_skip_as_rosinality.pt"


def test_an_imported_network_is_listed_verified_and_removed_like_any_other(run: Run, home: Path) -> None:
    ran = run("models", "import", str(NETWORK), "--name", "mine")
    assert (ran.code, ran.err) == (0, "")
    assert "rosinality checkpoint, 32 pixels, latent space w-" in ran.out
    listed = {model["name"]: model for model in json.loads(run("models", "list", "--json").out)}
    assert (listed["mine"]["installed"], listed["mine"]["imported"]) == (True, True)
    assert listed["mine"]["size"] == NETWORK.stat().st_size
    assert "mine is intact" in run("models", "verify", "mine").out
    weights = home / "data" / "models" / "mine" / "mine.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    damaged = run("models", "verify", "mine")
    assert damaged.code == 1
    assert "models import FILE --name mine" in damaged.err
    assert run("models", "fetch", "mine").code == 1
    assert run("models", "remove", "mine", "--yes").out == "mine is removed.\n"
    assert not weights.parent.exists()
    assert run("models", "verify", "mine").code == 1


def test_importing_again_replaces(run: Run) -> None:
    for _ in range(2):
        assert run("models", "import", str(NETWORK), "--name", "mine", "--quiet").code == 0
    assert run("models", "verify", "mine").out == "mine is intact.\n"


@pytest.mark.parametrize("name", ["ffhq-mobile", "../elsewhere", ".hidden", "a b", "", "x" * 65])
def test_a_name_that_cannot_be_is_bad_usage(name: str, run: Run, home: Path) -> None:
    ran = run("models", "import", str(NETWORK), "--name", name)
    assert ran.code == 2
    assert "--name" in ran.err
    assert not (home / "data" / "models").exists()


def test_a_file_that_is_no_network_is_not_imported(run: Run, home: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile.pkl"
    hostile.write_bytes(b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.")
    ran = run("models", "import", str(hostile))
    assert ran.code == 1
    assert "posix.system" in ran.err
    assert not (home / "data" / "models" / "hostile").exists()
    assert run("models", "import", str(tmp_path / "none.pkl")).code == 1


def test_what_is_not_sure_about_an_imported_network_is_printed_and_listed(run: Run, tmp_path: Path) -> None:
    import torch

    state = torch.load(NETWORK, weights_only=True)["g_ema"]
    torch.save({"g": state}, tmp_path / "made.pt")
    note = "The file has no moving average of the generator, so the generator in training is used."
    assert note in run("models", "import", str(tmp_path / "made.pt"), "--name", "mine").out
    assert f"note: {note}" in run("models", "list").out
    listed = {model["name"]: model for model in json.loads(run("models", "list", "--json").out)}
    assert listed["mine"]["note"] == note
