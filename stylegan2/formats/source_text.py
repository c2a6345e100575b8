"""Compares the program text in NVIDIA's pickles with the versions of it that are known. None of it is run.

Their pickles carry the source of the module with their classes. A fork that changed only code (z that is not
normalised, another demodulation) has the same tensors as theirs, and would be computed as if it were theirs.
So each definition that a network uses is compared, by a digest of its text without comments and blank lines.
"""

import hashlib
from collections.abc import Iterable, Mapping

MODULE = "module"  # stands for what is outside of all definitions: imports, and statements
_LONGEST = 1 << 20  # characters; NVIDIA's have some 40,000
_MARK = "\ufeff"  # some editors begin a file with it
_SHOWN = 3  # names in a note
_SHOWN_NAME = 40  # characters of each
Known = Mapping[str, frozenset[str]]


def notes_on(programs: Iterable[tuple[str, str]], known: Known) -> tuple[str, ...]:
    """What a person should know of the programs of a network: pairs of text and the name that is used of it.

    A text that is empty says nothing, and nothing is said of it.
    """
    used: dict[str, set[str]] = {}
    for text, name in programs:
        if text:
            used.setdefault(text, set()).add(name)
    notes = (_note_on(text, names, known) for text, names in used.items())
    return tuple(dict.fromkeys(note for note in notes if note))


def _note_on(text: str, used: Iterable[str], known: Known) -> str:
    """The note on one text; "" if all that is used of it, and every function that may help, is known."""
    found = definitions(text) if len(text) <= _LONGEST else {}
    needed = {MODULE, *used, *(name for name in found if name[:1].islower() or name[:1] == "_")}
    different = sorted(name for name in needed if found.get(name) not in known.get(name, ()))
    if not different:
        return ""
    printable = [name if name.isprintable() else "?" for name in (name[:_SHOWN_NAME] for name in different)]
    more = f" and {len(different) - _SHOWN} more" if len(different) > _SHOWN else ""
    return (
        f"The program text in the file is no known version of NVIDIA's; it differs in"
        f" {', '.join(printable[:_SHOWN])}{more}. The network is computed as NVIDIA's,"
        " so its images may be wrong: compare one with an image of the program that trained it."
    )


def definitions(text: str) -> dict[str, str]:
    """The digest of each class and function of a module, by name, and of the rest, as ``MODULE``.

    What is defined twice has no digest that could be known.
    """
    parts: dict[str, list[str]] = {MODULE: []}
    name, decorators = MODULE, list[str]()
    for line in map(_without_comment, text.removeprefix(_MARK).splitlines()):
        if not line:
            continue
        if line.startswith("@"):
            decorators.append(line)
        elif line.startswith(("def ", "class ")):
            name = line.split(" ", 1)[1].partition("(")[0].rstrip(": ")
            parts.setdefault(name, []).extend([*decorators, line])
            decorators = []
        else:
            if not line[0].isspace() and line[0] not in ")]}":
                name = MODULE
            parts[name].append(line)
    return {name: _digest(lines) for name, lines in parts.items()}


def _without_comment(line: str) -> str:
    before, mark, after = line.partition("#")
    in_text = mark and ("'" in after or '"' in after)
    return (line if in_text else before).rstrip()


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()[:16]
