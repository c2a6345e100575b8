"""The user's own sliders and scorers, as front ends without torch see them."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from retouchml import own_parts, paths
from retouchml.errors import UsageError
from retouchml.own_parts import SCORERS, SLIDERS, Kind

FACTS = {"deviations": "1.5", "finest": "256", "released": "yaw", "help": "rounder", "title": "Round face"}


def write(name: str = "round_face", kind: Kind = SLIDERS, space: str = "w-a", **facts: str) -> Path:
    """A file with a head and no tensors."""
    path = own_parts.place(kind, space, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    head = json.dumps({"__metadata__": {"kind": kind, "version": "1", **FACTS, **facts}}).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head)
    return path


def in_new_process(script: str) -> str:
    """What a program prints: the table of sliders is made when it is first imported."""
    return subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, env=dict(os.environ)
    ).stdout


def test_own_parts_are_listed_by_name_with_what_they_say() -> None:
    write("b"), write("a", title="", space="w-b"), write("c", kind=SCORERS)
    assert [(part.name, part.space, part.title) for part in own_parts.own_parts(SLIDERS)] == [
        ("a", "w-b", "a"),
        ("b", "w-a", "Round face"),
    ]
    assert own_parts.scorer_names() == ("standard", "c")


def test_a_home_without_any_lists_none() -> None:
    assert own_parts.own_parts(SLIDERS) == ()
    assert own_parts.scorer_names() == ("standard",)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        struct.pack("<Q", 1 << 60),
        struct.pack("<Q", 5) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 20) + b'{"__metadata__": [1]}',
        struct.pack("<Q", 29) + b'{"__metadata__": {"kind": 1}}',
        struct.pack("<Q", 60_000) + b"[" * 60_000,
    ],
)
def test_files_that_make_no_sense_are_left_out(content: bytes) -> None:
    write("good")
    write("bad").write_bytes(content)
    assert [part.name for part in own_parts.own_parts(SLIDERS)] == ["good"]


def test_files_of_another_kind_version_or_name_are_left_out() -> None:
    write("good"), write("later", version="2"), write("Bad"), write("other", kind="scorers")
    (paths.weights_dir() / "w-a" / SLIDERS / "folder.safetensors").mkdir()
    assert [part.name for part in own_parts.own_parts(SLIDERS)] == ["good"]


@pytest.mark.parametrize("name", ["", "A", "1a", "a-b", "a b", "../a", "ä", "a" * 33])
def test_names_that_are_no_names(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a name"):
        own_parts.check_name(name)


def test_a_name_that_means_something_else() -> None:
    with pytest.raises(UsageError, match="already"):
        own_parts.check_name("smile", ("smile",))


@pytest.mark.processes
def test_a_slider_of_ones_own_is_in_the_table_that_all_front_ends_read() -> None:
    write()
    write("smile", title="Not mine")  # a name that is taken
    write("broken", deviations="far")
    printed = in_new_process(
        "from retouchml.sliders import *\nfrom retouchml.look import Look, parse_edit\n"
        "row = BY_NAME['round_face']\n"
        "print(row.title, row.group, row.low, row.high, row.latent, GROUPS[-1].title, sep='|')\n"
        "print([s.name for s in in_group(OWN)], BY_NAME['smile'].title, parse_edit('round_face=50%'))\n"
        "print(Look(0.0, edits={'round_face': 0.3}).needs_generator)\n"
    )
    step = "LatentStep(attribute='round_face', deviations=1.5, finest=256, released=('yaw',), "
    lines = printed.splitlines()
    assert lines[0].startswith(f"Round face|own|-1.0|1.0|{step}")
    assert lines[0].endswith("|Your own")
    assert lines[1:] == ["['round_face'] Smile ('round_face', 0.5)", "True"]


@pytest.mark.processes
def test_the_command_lists_it() -> None:
    write()
    listed = in_new_process("from retouchml.cli.main import main\nmain(['edits'])")
    assert "Your own\n  round_face" in listed
    assert "rounder" in listed
