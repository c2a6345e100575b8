"""Help, usage errors, and what starting costs."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

import retouchml
from retouchml import look
from retouchml.sliders import BY_NAME
from tests.retouchml.running import Run, environment, files, python

HEAVY = "numpy torch cv2 PIL dlib onnxruntime zmq msgpack tifffile imagecodecs psutil pipeline stylegan2"

LIST_IMPORTS = """
import sys
from retouchml.cli.main import main
code = main(sys.argv[2:])
print("imported:", *sorted(set(sys.argv[1].split()) & set(sys.modules)))
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("--help", 0),
        ("--version", 0),
        ("", 2),
        ("nonsense", 2),
        ("beautify --help", 0),
        ("beautify in.png", 2),
        ("beautify in.png -o out.png --strength 2", 2),
        ("beautify in.png -o out.png --device gpu", 2),
        ("faces --help", 0),
        ("edits --help", 0),
        ("models --help", 0),
        ("models fetch --help", 0),
        ("train --help", 0),
        ("train nonsense", 2),
        ("doctor --help", 0),
    ],
)
def test_nothing_heavy_is_imported_for_help_or_a_usage_error(arguments: str, code: int) -> None:
    child = subprocess.run(
        python(LIST_IMPORTS, HEAVY, *arguments.split()), env=environment(), capture_output=True, text=True
    )
    assert (child.returncode, child.stdout.splitlines()[-1]) == (code, "imported:")


def test_the_table_of_edits_is_read_without_anything_heavy() -> None:
    heavy = HEAVY.replace(" pipeline stylegan2", " pipeline.edits pipeline.networks stylegan2")
    child = subprocess.run(
        python(LIST_IMPORTS, heavy, "edits"), env=environment(), capture_output=True, text=True
    )
    assert (child.returncode, child.stdout.splitlines()[-1]) == (0, "imported:")


def test_an_error_does_not_repeat_a_hundred_names(run: Run) -> None:
    ran = run("edits", *(f"holiday-{number:03}.jpg" for number in range(100)))
    assert ran.code == 2
    assert "holiday-000.jpg" in ran.err
    assert "holiday-099.jpg" not in ran.err
    assert len(ran.err) < 600
    assert ran.err.rstrip().endswith("more")


def test_an_error_cannot_steer_the_terminal(run: Run) -> None:
    ran = run("edits", "evil\x1b[2Jname")
    assert "evil\\x1b[2Jname" in ran.err
    assert "\x1b" not in ran.err


def test_python_m_retouchml_is_the_same_command() -> None:
    from_module = [python("")[0], "-m", "retouchml", "--version"]
    child = subprocess.run(from_module, env=environment(), capture_output=True, text=True)
    assert (child.returncode, child.stdout) == (0, f"retouchml {retouchml.__version__}\n")


def test_the_help_names_every_command_of_the_design(run: Run) -> None:
    said = run("--help").out
    for command in ("beautify", "faces", "edits", "models", "train", "doctor"):
        assert f"\n    {command} " in said


@pytest.mark.parametrize(
    "wrong",
    [
        ["--strength", "1.5"],
        ["--strength", "-0.1"],
        ["--strength", "nan"],
        ["--strength", "much"],
        ["--texture", "inf"],
        ["--edit", "smile"],
        ["--edit", "smile="],
        ["--edit", "=1"],
        ["--edit", "smile=nan"],
        ["--edit", "smile=1.01"],
        ["--edit", "smile=-2"],
        ["--edit", "age=1.2"],
        ["--edit", "moustache=0"],
        ["--faces", "some"],
        ["--faces", ""],
        ["--faces", "-1"],
        ["--faces", "0,,1"],
        ["--faces", "0;1"],
        ["--faces", "²"],
        ["--device", "cuda:"],
        ["--device", "cuda:x"],
        ["--layer", "layer.jpg"],
        ["--json", ""],
        ["--stren", "0.5"],
        ["--compare"],
        ["--nonsense"],
    ],
)
def test_bad_usage_ends_with_2_and_writes_nothing(wrong: list[str], run: Run, portrait: Path) -> None:
    out = portrait.with_name("out.png")
    ran = run("beautify", portrait, "-o", out, *wrong)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err
    assert "Traceback" not in ran.err
    assert files(portrait.parent) == ["portrait.png"]


def test_an_unknown_edit_is_answered_with_the_edits_there_are(run: Run, portrait: Path) -> None:
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"), "--edit", "nose=0.5")
    assert ran.code == 2
    assert "There is no slider called nose." in ran.err
    assert "smile, eyes" in ran.err


def test_an_edit_with_a_slip_of_the_pen_is_answered_with_the_one_that_was_meant(
    run: Run, portrait: Path
) -> None:
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"), "--edit", "smilee=0.5")
    assert ran.code == 2
    assert "There is no slider called smilee. Did you mean smile?" in ran.err


def test_an_edit_beyond_its_own_range_is_answered_with_that_range(
    run: Run, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = replace(BY_NAME["age"], low=-0.5, high=0.75)
    monkeypatch.setattr(look, "BY_NAME", {**BY_NAME, "age": row})
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"), "--edit", "age=0.8")
    assert ran.code == 2
    assert "-0.5 and 0.75" in ran.err


@pytest.mark.parametrize(
    "right", [["--device", "cuda:1"], ["--device", "mps"], ["--no-daemon"], ["--strength", "1"], ["--quiet"]]
)
def test_what_the_design_allows_is_accepted(right: list[str], run: Run, portrait: Path) -> None:
    assert run("beautify", portrait, "-o", portrait.with_name("out.png"), *right).code == 0


def test_the_script_that_an_earlier_version_installed_still_runs() -> None:
    script = python("import sys; from retouchml.cli import main; sys.exit(main())")
    ran = subprocess.run([*script, "--version"], env=environment(), capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.split()[0], ran.stderr) == (0, "retouchml", "")
