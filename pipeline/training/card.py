"""Writes the model card of a learned part beside its weights.

What it is, from what, how well it does, and its terms.
"""

from collections.abc import Mapping
from pathlib import Path

_LICENCE = (
    "The weights that come with RetouchML are licensed CC BY-NC 4.0. Weights that you fit are yours, "
    "within the terms of your data and of the models that measured them."
)


def write_card(
    weights: Path, title: str, data: str, metadata: Mapping[str, str], figures: str, limits: str
) -> Path:
    """Write ``NAME.md`` beside ``NAME.safetensors``; returns its path.

    data: what it was fitted on; figures: lines of text as the command printed them; limits: what it does not
    know
    """
    lines = [f"# {title}", "", data, "", "| fact | value |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in metadata.items()]
    lines += [
        "",
        "## Figures",
        "",
        "```",
        figures.rstrip("\n"),
        "```",
        "",
        "## Limits",
        "",
        limits,
        "",
        "## Licence",
        "",
        _LICENCE,
    ]
    path = weights.with_suffix(".md")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
