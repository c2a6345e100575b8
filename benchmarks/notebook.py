"""Runs docs/beautify.ipynb and keeps what its cells show; no Jupyter is needed.

    python -m benchmarks.notebook                 runs it, and writes it back with its outputs
    python -m benchmarks.notebook --output FILE   writes it elsewhere

Cells run in order in one namespace. As in Jupyter, the value of a cell's last expression is shown: a picture
as JPEG, anything else as text; what is printed is kept, too.
"""

import argparse
import ast
import base64
import io
import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from PIL import Image

NOTEBOOK = Path(__file__).parents[1] / "docs" / "beautify.ipynb"
_QUALITY = 85  # of JPEG
Cell = dict[str, Any]


def run(cells: Sequence[Cell]) -> None:
    """Run the code cells, and put what they show into their outputs. Raises what a cell raises."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    count = 0
    for cell in cells:
        if cell["cell_type"] == "code":
            count += 1
            cell["execution_count"] = count
            cell["outputs"] = _outputs("".join(cell["source"]), f"cell {count}", namespace, count)


def _outputs(source: str, name: str, namespace: dict[str, Any], count: int) -> list[Cell]:
    tree = ast.parse(source, name)
    final = tree.body[-1] if tree.body else None
    last = final if isinstance(final, ast.Expr) else None
    value = None
    if last is not None:
        tree.body.pop()
    with redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, name, "exec"), namespace)  # noqa: S102 – the notebook is the project's own
        if last is not None:
            value = eval(compile(ast.Expression(last.value), name, "eval"), namespace)  # noqa: S307
    outputs: list[Cell] = []
    if text := printed.getvalue():
        lines = text.splitlines(keepends=True)
        outputs.append({"name": "stdout", "output_type": "stream", "text": lines})
    if value is not None:
        shown = {"data": _shown(value), "execution_count": count, "metadata": {}}
        outputs.append({**shown, "output_type": "execute_result"})
    return outputs


def _shown(value: object) -> dict[str, Any]:
    if not isinstance(value, Image.Image):
        return {"text/plain": [repr(value)]}
    file = io.BytesIO()
    value.save(file, "JPEG", quality=_QUALITY)
    return {"image/jpeg": base64.b64encode(file.getvalue()).decode(), "text/plain": ["a picture"]}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description="Run the notebook, and keep what its cells show.")
    parser.add_argument("--output", type=Path, default=NOTEBOOK, help="where to write it (default: in place)")
    options = parser.parse_args(arguments)
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    run(notebook["cells"])
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    options.output.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{options.output}: {len(text) / 1e6:.2f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
