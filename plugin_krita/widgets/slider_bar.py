"""A number with a bar behind it, as Krita's own sliders are; Krita 5 does not lend its class to Python."""

from typing import Any

from ..event_loop import guard
from .qt import QtCore, QtGui, QtWidgets

_PAGE = 10


class SliderBar(QtWidgets.QSpinBox):
    """A whole number and its title: drag on it, turn the wheel, use the arrow keys, or type the number.

    A double click selects the number. The wheel scrolls past a bar that does not have the focus.
    """

    def __init__(self, title: str, low: int, high: int) -> None:
        super().__init__()
        self.setLineEdit(_BarEdit(self))
        self.setRange(low, high)
        self.setPrefix(f"{title}: ")
        self.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(title)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)

    @property
    def filled(self) -> tuple[float, float]:
        """Where the bar begins and ends, as shares of the width; it begins at zero."""
        ends = (self._share(0 if self.minimum() < 0 else self.minimum()), self._share(self.value()))
        return min(ends), max(ends)

    def set_share(self, share: float) -> None:
        """Set the value that lies there, as a share of the width."""
        share = min(1.0, max(0.0, share))
        self.setValue(round(self.minimum() + share * (self.maximum() - self.minimum())))

    def wheelEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Change the value, if the bar has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802
        """Steps of ten with the page keys, the ends with Home and End; all else as in any such field."""
        keys = QtCore.Qt.Key
        steps = {keys.Key_PageUp: _PAGE, keys.Key_PageDown: -_PAGE}
        if event.key() in steps:
            self.setValue(self.value() + steps[event.key()])
        else:
            super().keyPressEvent(event)

    def _share(self, value: int) -> float:
        return float((value - self.minimum()) / max(1, self.maximum() - self.minimum()))


class _BarEdit(QtWidgets.QLineEdit):
    """The text of a bar, and the bar behind it."""

    def __init__(self, bar: SliderBar) -> None:
        super().__init__(bar)
        self._bar = bar
        self._is_dragged = False
        palette = self.palette()
        palette.setColor(QtGui.QPalette.ColorRole.Base, QtCore.Qt.GlobalColor.transparent)
        self.setPalette(palette)
        self.setCursor(QtCore.Qt.CursorShape.SplitHCursor)

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802
        """Begin to drag."""
        if event.button() == QtCore.Qt.MouseButton.LeftButton:
            self._is_dragged = True
            self.deselect()
            guard(self._drag)(event)
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802
        """Drag."""
        if self._is_dragged:
            guard(self._drag)(event)

    def mouseReleaseEvent(self, event: Any) -> None:  # noqa: N802
        """End to drag."""
        self._is_dragged = False
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, _event: Any) -> None:  # noqa: N802
        """Select the number, to type another one."""
        self._is_dragged = False
        self._bar.selectAll()

    def paintEvent(self, event: Any) -> None:  # noqa: N802
        """Draw the bar, then the text."""
        guard(self._paint_bar)()
        super().paintEvent(event)

    def _drag(self, event: Any) -> None:
        self._bar.set_share(event.pos().x() / max(1, self.width() - 1))

    def _paint_bar(self) -> None:
        painter = QtGui.QPainter(self)
        start, end = (share * self.width() for share in self._bar.filled)
        groups = QtGui.QPalette.ColorGroup
        group = groups.Active if self.isEnabled() else groups.Disabled
        color = self._bar.palette().color(group, QtGui.QPalette.ColorRole.Highlight)
        painter.fillRect(QtCore.QRectF(start, 0, max(1.0, end - start), self.height()), color)
        painter.end()
