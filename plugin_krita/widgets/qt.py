"""PyQt5 for Krita 5, PyQt6 for Krita 6; no other module needs to know which.

Enums are written with their class everywhere (``Qt.Orientation.Horizontal``), which both understand.
"""

from krita import Krita

if int(Krita.instance().version().split(".")[0]) >= 6:
    from PyQt6 import QtCore, QtGui, QtWidgets
else:
    from PyQt5 import QtCore, QtGui, QtWidgets

__all__ = ["QtCore", "QtGui", "QtWidgets"]
