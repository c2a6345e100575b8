"""RetouchML: retouch the faces in a photograph and keep the person.

``Retoucher`` and ``Look`` are loaded when first used, so that importing this package stays cheap.
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.retoucher import Retoucher
    from retouchml.look import Look

# ONNX Runtime would otherwise leave an identifier in the home folder and may report to its maker when it is
# imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"
__all__ = ["Look", "Retoucher", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Look":
        from retouchml.look import Look

        return Look
    if name == "Retoucher":
        from pipeline.retoucher import Retoucher

        return Retoucher
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
