"""Whether the engine (``pipeline``, ``stylegan2``, ``daemon``) can be imported in this Python.

It can in a checkout and in the engine's own environment, where it lies beside this package. Elsewhere, as
after ``pip install retouchml``, it lives in an environment of its own, and its names belong to others.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("daemon", "pipeline", "stylegan2")
_TOP = Path(__file__).resolve().parents[1]


def is_beside(top: Path = _TOP) -> bool:
    """Whether the engine is installed together with this package."""
    return all((top / name / "__init__.py").is_file() for name in PACKAGES)


def is_importable() -> bool:
    """Whether ``import pipeline`` would bring the engine, and not a module of that name of somebody else."""
    return is_beside() and all(map(_is_ours, PACKAGES))


def _is_ours(name: str) -> bool:
    loaded = sys.modules.get(name)
    try:
        spec = loaded.__spec__ if loaded is not None else find_spec(name)
    except ValueError:  # a module that was put there by hand
        return False
    return spec is not None and bool(spec.origin) and Path(str(spec.origin)).resolve().parent == _TOP / name
