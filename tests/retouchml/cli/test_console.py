"""Standard output and error: closed, full, or of another encoding."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from retouchml import paths
from stylegan2 import zoo
from tests.retouchml.running import Run, environment, python

COMMAND = """
import sys
from retouchml.cli.main import main
from tests.stand_in_backend import Backend
sys.exit(main(sys.argv[1:], make_backend=Backend))
"""


def test_a_file_name_cannot_write_to_the_terminal_what_it_likes(run: Run, folder: Path) -> None:
    ran = run("faces", folder / "evil\x1b[2J\nname\udcff.png")
    assert ran.code == 1
    assert ran.err.count("\n") == 1
    assert "evil\\x1b[2J\\nname" in ran.err
    assert "\x1b" not in ran.err


def test_a_picture_that_is_written_cannot_steer_the_terminal(run: Run, portrait: Path) -> None:
    ran = run("beautify", portrait, "-o", portrait.with_name("evil\x1b]0;title\x07\nname.png"))
    assert ran.code == 0
    assert ran.out.count("\n") == 1 + ran.out.count("\nname")
    assert not set("\x1b\x07") & set(ran.out)


def test_a_fetched_models_folder_cannot_steer_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path / "evil\x1b[2Jhome"))
    monkeypatch.setattr(zoo, "fetch", lambda *_arguments, **_options: None)
    ran = run("models", "fetch", "ffhq-mobile")
    assert "evil\\x1b[2Jhome" in ran.out
    assert "\x1b" not in ran.out


def test_an_imported_models_title_cannot_steer_the_terminal(run: Run, home: Path) -> None:
    folder = home / "data" / "models" / "mine"
    folder.mkdir(parents=True)
    title, licence = "imported from \x1b[31mevil\x9b2J.pkl", "mine\u202egnp.exe"
    row = {
        "name": "mine",
        "title": title,
        "kind": "generator",
        "requirement": "",
        "archive": "a",
        "sha256": "",
        "size": 1,
        "licence": licence,
        "source": "",
        "members": [],
        "files": [],
        "imported": True,
    }
    (folder / "import.json").write_text(json.dumps(row))
    said = run("models", "list").out
    assert "imported from \\x1b[31mevil\\x9b2J.pkl" in said
    assert "mine\\u202egnp.exe" in said
    assert not set("\x1b\x9b\u202e") & set(said)


def test_the_daemons_log_cannot_steer_the_terminal(run: Run, home: Path) -> None:
    log = paths.runtime_dir() / "daemon.log"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"client \x1b]52;c;ZXZpbA==\x07 came\n\tindented\n")
    ran = run("daemon", "logs")
    assert ran.out == "client \\x1b]52;c;ZXZpbA==\\x07 came\n\tindented\n"


def test_letters_of_all_languages_stay_as_they_are(run: Run, portrait: Path) -> None:
    out = portrait.with_name("Bücher\u3000写真 \u0645\u06cc\u200c\u062e 👩\u200d🎨.png")
    assert str(out) in run("beautify", portrait, "-o", out).out


def test_a_traceback_cannot_steer_the_terminal(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETOUCHML_DEBUG", "1")
    ran = run("faces", folder / "evil\x1b[2J.png")
    assert ran.err.startswith("Traceback")
    assert "\x1b" not in ran.err


def test_a_reader_that_has_gone_is_no_reason_to_complain(portrait: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    child = subprocess.run(
        python(COMMAND, "edits"), env=environment(), stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert (child.returncode, child.stderr) == (1, "")


def test_help_for_a_reader_that_has_gone_is_no_reason_to_complain() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    child = subprocess.run(
        python(COMMAND, "--help"), env=environment(), stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert child.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_stdout_is_an_error(portrait: Path) -> None:
    with Path("/dev/full").open("w") as full:
        child = subprocess.run(
            python(COMMAND, "edits"), env=environment(), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert child.returncode == 1
    assert child.stderr == "retouchml: Standard output cannot be written: No space left on device.\n"


@pytest.mark.skipif(os.name != "posix", reason="closes descriptors as a shell does")
def test_closed_streams_do_not_matter(portrait: Path) -> None:
    out = portrait.with_name("out.png")
    closed = [
        "/bin/sh",
        "-c",
        'exec "$@" <&- >&- 2>&-',
        "sh",
        *python(COMMAND, "beautify", portrait, "-o", out),
    ]
    assert subprocess.run(closed, env=environment()).returncode == 0
    assert out.is_file()


def test_an_ascii_terminal_gets_escapes_instead_of_an_error(portrait: Path) -> None:
    renamed = portrait.rename(portrait.with_name("porträt.png"))
    child = subprocess.run(
        python(COMMAND, "beautify", renamed, "-o", renamed.with_name("größer.png")),
        env=environment(PYTHONIOENCODING="ascii"),
        capture_output=True,
    )
    assert (child.returncode, child.stderr) == (0, b"")
    assert b"gr\\xf6\\xdfer.png: 2 faces" in child.stdout
