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
        raise ImportError(
            f"{name} is part of the engine, which this Python does not have. Read and write pictures with "
            "another library here, such as Pillow, or run the script with the engine's own Python."
        )
    return getattr(import_module(module), name)
