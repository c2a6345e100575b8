"""The choice of whose pixels show the sliders of expression."""

from collections.abc import Callable
from typing import Any

from retouchml import sentences
from retouchml.look import RenderName, render_named

from .. import texts
from ..event_loop import guard
from .qt import QtCore, QtWidgets


class RenderRow(QtWidgets.QWidget):
    """Shows a look's way to render.

    on_change(name) is called when the user chooses another one, and not by ``show_render``.
    """

    def __init__(self, on_change: Callable[[RenderName], None]) -> None:
        super().__init__()
        self._box = _Box()
        self._box.setObjectName("render")
        for name, title in sentences.RENDERS.items():
            self._box.addItem(texts.text(title), name)
        title = texts.text(sentences.RENDER)
        self._box.setToolTip(texts.sentence(sentences.RENDER_HELP))
        self._box.setAccessibleName(title)
        self._box.setAccessibleDescription(texts.sentence(sentences.RENDER_HELP))
        label = QtWidgets.QLabel(title)
        label.setBuddy(self._box)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(label)
        row.addWidget(self._box, 1)
        self._box.activated.connect(guard(lambda *_: on_change(render_named(self._box.currentData()))))

    def show_render(self, name: RenderName) -> None:
        """Show this way to render."""
        self._box.setCurrentIndex(self._box.findData(name))


class _Box(QtWidgets.QComboBox):
    """A choice that is as narrow as the docker; the wheel scrolls past it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)

    def wheelEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Leave it to what lies below: it would begin to tune a generator."""
        event.ignore()
