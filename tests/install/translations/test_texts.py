"""Texts for people are found in the code."""

from pathlib import Path

from install.translations.texts import Texts, collect

ERRORS = """
class RetouchError(Exception): ...
class UsageError(RetouchError): ...
class ProtocolError(RetouchError): ...
"""


def found(tmp_path: Path, code: str, place: str = "retouchml/module.py") -> Texts:
    """The texts of a checkout that has these lines of code."""
    for name, content in (("retouchml/errors.py", ERRORS), (place, code)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return collect(tmp_path)


def texts(tmp_path: Path, code: str, place: str = "retouchml/module.py") -> set[str]:
    return set(found(tmp_path, code, place).places)


def test_sentence_and_advice_of_an_error_are_texts_and_its_other_arguments_are_not(tmp_path: Path) -> None:
    code = 'raise errors.UsageError("It is wrong.", "Mend it.", "key")\nprint("no text")'
    assert texts(tmp_path, code) == {"It is wrong.", "Mend it."}


def test_an_error_that_only_authors_of_clients_meet_stays_english(tmp_path: Path) -> None:
    assert texts(tmp_path, 'raise ProtocolError("The map is none.")') == set()


def test_an_f_string_becomes_a_template_with_a_name_for_each_place(tmp_path: Path) -> None:
    code = 'UsageError(f"{path.name} of {display(folder)}, {folder}, has {len(names)} and {x:g}, {x:g}.")'
    assert texts(tmp_path, code) == {"{name} of {folder}, {folder2}, has {names} and {x}, {x}."}


def test_both_branches_and_a_text_with_a_name_of_its_own_are_found(tmp_path: Path) -> None:
    code = 'ADVICE = "Mend it."\nwhat = "One thing." if x else f"Two {y}."\nraise UsageError(what, ADVICE)'
    assert texts(tmp_path, code) == {"One thing.", "Two {y}.", "Mend it."}


def test_what_is_filled_in_is_a_text_if_it_is_one_of_ours(tmp_path: Path) -> None:
    code = 'near = f" Did you mean {name}?" if name else ""\nUsageError(f"There is none.{near}")'
    assert texts(tmp_path, code) == {"There is none.{near}", " Did you mean {name}?"}


def test_a_text_with_a_plural_has_both(tmp_path: Path) -> None:
    result = found(tmp_path, 'counted("{number} face", "{number} faces", n)')
    assert result.plurals == {"{number} face": "{number} faces"}


def test_help_is_a_text_in_the_command_line_alone(tmp_path: Path) -> None:
    code = 'parser.add_argument("-o", help="the result", metavar="OUT")'
    assert texts(tmp_path / "cli", code, "retouchml/cli/x.py") == {"the result"}
    assert texts(tmp_path, code) == set()


def test_constants_of_a_list_of_texts_are_texts_but_not_its_keys(tmp_path: Path) -> None:
    code = 'TITLE = "Face {number}"\nSTATES = {"off": "Not running"}\nlower = "no text"'
    assert texts(tmp_path, code, "plugin_krita/texts.py") == {"Face {number}", "Not running"}


def test_a_preset_has_its_title_and_help(tmp_path: Path) -> None:
    preset = 'title = "Clean"\nhelp = "clear skin"\n[sliders]\n'
    assert texts(tmp_path, preset, "retouchml/presets/clean.toml") == {"Clean", "clear skin"}
