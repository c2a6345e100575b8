"""A slider of the look, with a button that unsets it."""

from collections.abc import Callable

from krita import Krita

from retouchml import sentences
from retouchml.sliders import Slider

from .. import texts
from ..event_loop import guard
from .qt import QtCore, QtWidgets
from .slider_bar import SliderBar

_RESET_ICON = "reload-preset"
_ICON_SIDE = 14


class SliderRow(QtWidgets.QWidget):
    """A slider in hundredths, and a button that unsets it, shown while it is set.

    on_change(value) is called when the user changes the value, with None for unset, and not by
    ``show_value``.
    """

    def __init__(self, slider: Slider, on_change: Callable[[float | None], None]) -> None:
        super().__init__()
        self._on_change = on_change
        title = texts.text(slider.title)
        self._bar = SliderBar(title, round(100 * slider.low), round(100 * slider.high))
        self._bar.setObjectName(f"slider_{slider.name}")
        self._reset = reset_button(f"reset_{slider.name}", texts.text(sentences.RESET), title)
        follows = "" if slider.full is None else f" {texts.text(texts.FOLLOWS)}"
        self._bar.setToolTip(texts.sentence(slider.help) + follows)
        self._bar.setAccessibleDescription(texts.sentence(slider.help))
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self._bar, 1)
        row.addWidget(self._reset)
        self.show_value(slider.default, is_set=False)
        self._bar.valueChanged.connect(guard(lambda hundredths: on_change(int(hundredths) / 100)))
        self._reset.clicked.connect(guard(lambda *_: on_change(None)))

    def show_value(self, value: float, *, is_set: bool) -> None:
        """Show a value that was set elsewhere. is_set: whether it can be unset."""
        self._reset.setVisible(is_set)
        if self._bar.value() != round(100 * value):
            blocked = self._bar.blockSignals(True)
            self._bar.setValue(round(100 * value))
            self._bar.blockSignals(blocked)


def reset_button(name: str, tip: str, title: str) -> QtWidgets.QToolButton:
    """A small button that unsets something. title: what it unsets, for screen readers"""
    button = QtWidgets.QToolButton()
    button.setObjectName(name)
    button.setIcon(Krita.instance().icon(_RESET_ICON))
    button.setIconSize(QtCore.QSize(_ICON_SIDE, _ICON_SIDE))
    button.setAutoRaise(True)
    button.setToolTip(tip)
    button.setAccessibleName(f"{title}: {tip}")
    button.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
    policy = button.sizePolicy()
    policy.setRetainSizeWhenHidden(True)  # no slider changes its width when it is set
    button.setSizePolicy(policy)
    return button
