"""The keyboard in the docker: Tab goes from the top to the bottom, and buttons have letters with Alt."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from retouchml.mnemonics import with_keys

from .qt import QtCore, QtWidgets


class FocusOrder(QtWidgets.QWidget):
    """The whole of the docker. parts: of it, in the order in which they are seen"""

    def __init__(self) -> None:
        super().__init__()
        self.parts: tuple[QtWidgets.QWidget, ...] = ()

    def order(self) -> None:
        """Let Tab go through the parts; to be called when there are new widgets."""
        for before, after in pairwise(self._stops()):
            QtWidgets.QWidget.setTabOrder(before, after)

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802 (Qt's name)
        """Go back within the docker: in Krita 5, Shift+Tab leads to the canvas from everywhere."""
        held = self.window().focusWidget()
        stops = [each for each in self._stops() if each.isVisible() and each.isEnabled()]
        place = stops.index(held) if held in stops else 0
        if forward or place == 0:
            return bool(super().focusNextPrevChild(forward))
        stops[place - 1].setFocus(QtCore.Qt.FocusReason.BacktabFocusReason)
        return True

    def _stops(self) -> "list[QtWidgets.QWidget]":
        """The widgets at which Tab stops."""
        return [
            widget
            for part in self.parts
            for widget in (part, *part.findChildren(QtWidgets.QWidget))
            if widget.focusPolicy() & QtCore.Qt.FocusPolicy.TabFocus and widget.focusProxy() is None
        ]


def give_keys(buttons: Sequence[Any], window: QtWidgets.QWidget) -> None:
    """Give each button a letter that no menu of the window has."""
    bar = window.menuBar() if isinstance(window, QtWidgets.QMainWindow) else None
    menus = [] if bar is None else [action.text() for action in bar.actions()]
    plain = [button.text().replace("&&", "\0").replace("&", "").replace("\0", "&") for button in buttons]
    for button, label in zip(buttons, with_keys(plain, menus, "&"), strict=True):
        if button.text() != label:
            button.setText(label)
