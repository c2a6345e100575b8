"""The program text in a pickle: compared with what is known, never run, and noted where it is unknown."""

from pathlib import Path
from typing import Any

import pytest

from stylegan2 import importing
from stylegan2.formats import ada, known_sources, source_text, tensorflow
from stylegan2.formats.pickle_tree import Call
from stylegan2.loading import read_network
from stylegan2.zoo import table
from tests.stylegan2.formats import hostile_files as files
from tests.stylegan2.formats.pickle_writer import dumps

PROGRAM = '''"""Networks."""

import torch


def normalize(x):  # to unit length
    return x / x.norm()


class MappingNetwork:
    # takes z
    def forward(self, z):
        return self.layers(normalize(z))


class Unused:
    pass
'''


def known(program: str = PROGRAM) -> dict[str, frozenset[str]]:
    """What is known of a program, by digest."""
    return {name: frozenset({digest}) for name, digest in source_text.definitions(program).items()}


def note(program: str, *used: str) -> str:
    """What is said of a program beside the known one."""
    notes = source_text.notes_on([(program, name) for name in used or ("MappingNetwork",)], known())
    return " ".join(notes)


def test_nothing_is_said_of_a_known_program_or_of_none() -> None:
    assert note(PROGRAM) == ""
    assert note("") == ""


@pytest.mark.parametrize(
    "program",
    [
        PROGRAM.replace("  # to unit length", "").replace("    # takes z\n", ""),
        PROGRAM.replace("\n\n\n", "\n\n"),
        PROGRAM.replace("\n", "\r\n"),
        "\ufeff" + PROGRAM,
        PROGRAM.replace("class Unused:\n    pass", "class Unused:\n    more = True"),
    ],
    ids=["comments", "blank lines", "line ends", "mark", "what is not used"],
)
def test_what_changes_no_image_is_not_said(program: str) -> None:
    assert note(program) == ""


@pytest.mark.parametrize(
    ("program", "named"),
    [
        (PROGRAM.replace("self.layers(normalize(z))", "self.layers(z)"), "MappingNetwork"),
        (PROGRAM.replace("x / x.norm()", "x"), "normalize"),
        (PROGRAM.replace("    return x /", "return x /"), "normalize"),
        (PROGRAM.replace("import torch", "from elsewhere import torch"), "module"),
        (PROGRAM + "\n\nMappingNetwork.forward = lambda self, z: z\n", "module"),
        (PROGRAM + "\n\ndef normalize(x):\n    return x\n", "normalize"),
        (PROGRAM + "\n\ndef torch(x):\n    return x\n", "torch"),
        (PROGRAM.replace("class MappingNetwork:", "@other\nclass MappingNetwork:"), "MappingNetwork"),
        ("x" * 2_000_000, "MappingNetwork"),
    ],
    ids=["class", "helper", "indent", "import", "patched", "twice", "shadowed", "decorator", "endless"],
)
def test_what_may_change_images_is_named(program: str, named: str) -> None:
    said = note(program)
    assert f"differs in {named}" in said or f", {named}" in said
    assert "may be wrong" in said


def test_a_class_that_is_not_known_is_named_and_cannot_steer_a_terminal() -> None:
    assert "differs in Mine." in note(PROGRAM, "Mine")
    assert note(PROGRAM, "\x1b[2J" + "x" * 500).isprintable()
    assert len(note(PROGRAM, *(f"{n}" * 100 for n in range(50)))) < 500


def test_the_published_versions_know_what_networks_are_built_by() -> None:
    assert {
        "Generator",
        "MappingNetwork",
        "SynthesisLayer",
        "modulated_conv2d",
    } <= known_sources.PYTORCH.keys()
    assert {"G_main", "G_mapping", "D_stylegan2", "D_main"} <= known_sources.TENSORFLOW.keys()


def with_text(tree: Any, text: str) -> bytes:
    """A reference pickle with a program text in each of its networks."""
    visited: set[int] = set()

    def visit(value: Any) -> None:
        if id(value) in visited:
            return
        visited.add(id(value))
        if isinstance(value, Call):
            for part in (*value.args, value.state, *value.entries.values()):
                visit(part)
        elif isinstance(value, tuple):
            for part in value:
                visit(part)
        elif isinstance(value, dict):
            for key in ("module_src", "build_module_src"):
                if key in value:
                    value[key] = text
            for part in value.values():
                visit(part)

    visit(tree)
    return dumps(tree, 4 if isinstance(tree, tuple) else 3)


@pytest.mark.parametrize("make", [files.tf_tree, files.ada_tree], ids=["tensorflow", "pytorch"])
def test_an_unknown_program_is_noted_in_the_manifest(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "network.pkl"
    path.write_bytes(with_text(make(), PROGRAM))
    imported = importing.import_network(path, "mine")
    assert "no known version of NVIDIA's" in imported.notes[0]
    assert table.find("mine").note == " ".join(imported.notes)


@pytest.mark.parametrize(
    ("make", "reader", "names"),
    [
        (files.tf_tree, tensorflow, ("G_main", "G_mapping", "G_synthesis_stylegan2", "D_stylegan2")),
        (
            files.ada_tree,
            ada,
            (
                "Generator",
                "MappingNetwork",
                "FullyConnectedLayer",
                "SynthesisNetwork",
                "SynthesisBlock",
                "SynthesisLayer",
                "ToRGBLayer",
            ),
        ),
    ],
    ids=["tensorflow", "pytorch"],
)
def test_of_a_known_program_nothing_is_noted(
    make: Any, reader: Any, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = "import torch\n" + "".join(f"class {name}:\n    pass\n" for name in names)
    monkeypatch.setattr(reader, "PYTORCH" if reader is ada else "TENSORFLOW", known(program))
    path = tmp_path / "network.pkl"
    path.write_bytes(with_text(make(), program))
    assert read_network(path).notes == ()
    path.write_bytes(with_text(make(), program.replace("import torch", "import other")))
    assert "module" in read_network(path).notes[0]
