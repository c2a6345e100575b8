"""A labelled slider with its number beside it."""

from collections.abc import Callable, Iterable
from typing import Any

from retouchml.sliders import Slider

from .. import texts
from ..event_loop import guard
from .qt import QtCore, QtGui, QtWidgets

_NARROWEST_LABEL, _WIDEST_LABEL = 76, 120
_NUMBER_WIDTH = 46


def label_width(titles: Iterable[str]) -> int:
    """The width that shows all of these titles, so that sliders below each other begin in one line."""
    metrics = QtGui.QFontMetrics(QtWidgets.QApplication.font())
    widest = int(max(metrics.boundingRect(texts.text(title)).width() for title in titles)) + 4
    return min(_WIDEST_LABEL, max(_NARROWEST_LABEL, widest))


class SliderRow(QtWidgets.QWidget):
    """A slider in hundredths; a double click on its label unsets it. width: of the label, in pixels.

    on_change(value) is called when the user changes the value, with None for unset, and not by
    ``show_value``.
    """

    def __init__(self, slider: Slider, on_change: Callable[[float | None], None], width: int) -> None:
        super().__init__()
        self._on_change = on_change
        label = texts.text(slider.title)
        self._label = QtWidgets.QLabel(label)
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self._number = QtWidgets.QSpinBox()
        self._slider.setObjectName(f"slider_{slider.name}")
        self._number.setObjectName(f"number_{slider.name}")
        for part in (self._slider, self._number):
            part.setRange(round(100 * slider.low), round(100 * slider.high))
            part.setAccessibleName(label)
        self._slider.setPageStep(10)
        self._slider.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        if slider.low < 0:
            self._slider.setTickPosition(QtWidgets.QSlider.TickPosition.TicksBelow)
            self._slider.setTickInterval(100)
        self._number.setButtonSymbols(QtWidgets.QAbstractSpinBox.ButtonSymbols.NoButtons)
        self._number.setAlignment(QtCore.Qt.AlignmentFlag.AlignRight)
        self._number.setKeyboardTracking(False)
        self._number.setFixedWidth(_NUMBER_WIDTH)
        self._label.setFixedWidth(width)
        self._label.setBuddy(self._slider)
        self._label.mouseDoubleClickEvent = guard(lambda _event: on_change(None))
        follows = "" if slider.full is None else f" {texts.text(texts.FOLLOWS)}"
        self.setToolTip(texts.sentence(slider.help) + follows)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._label)
        row.addWidget(self._slider, 1)
        row.addWidget(self._number)
        self.show_value(slider.default)
        self._slider.valueChanged.connect(guard(self._set_hundredths))
        self._number.valueChanged.connect(guard(self._set_hundredths))

    def show_value(self, value: float) -> None:
        """Show a value that was set elsewhere."""
        for part in (self._slider, self._number):
            if part.value() != round(100 * value):
                blocked = part.blockSignals(True)
                part.setValue(round(100 * value))
                part.blockSignals(blocked)

    def _set_hundredths(self, hundredths: Any) -> None:
        value = int(hundredths) / 100
        self.show_value(value)
        self._on_change(value)
