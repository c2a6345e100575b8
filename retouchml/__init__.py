"""RetouchML: retouch the faces in a photograph and keep the person.

The names of ``__all__`` are loaded when first used, so that importing this package stays cheap.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.pictures import read_picture, write_picture
    from pipeline.retoucher import Retoucher
    from retouchml.look import Look

# ONNX Runtime would otherwise leave an identifier in the home folder and may report to its maker when it is
# imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.2.0"
__all__ = ["Look", "Retoucher", "__version__", "read_picture", "write_picture"]

# where each name is found if the engine can be imported here, and otherwise
_MODULES = {
    "Look": ("retouchml.look", "retouchml.look"),
    "Retoucher": ("pipeline.retoucher", "retouchml.scripting.retoucher"),
    "read_picture": ("pipeline.pictures", ""),
    "write_picture": ("pipeline.pictures", ""),
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from retouchml import engine

    here, elsewhere = _MODULES[name]
    module = here if engine.is_importable() else elsewhere
    if not module:
        raise ImportError(_only_in_the_engine(name))
    return getattr(import_module(module), name)


def _only_in_the_engine(name: str) -> str:
    from retouchml.client.launch import find_interpreter
    from retouchml.errors import RetouchError

    try:
        python = find_interpreter()[0][0]
    except RetouchError as error:
        return f"{name} needs the engine. {error.explain()}"
    return (
        f"{name} is part of the engine, which has a Python of its own: run the script with {python}, or read "
        "and write pictures with another library, such as Pillow. `Retoucher` works here."
    )
