"""The keyboard in the docker: Tab goes from the top to the bottom, and buttons have letters with Alt."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from retouchml.mnemonics import with_keys

from .qt import QtCore, QtWidgets


def order_focus(parts: Iterable[QtWidgets.QWidget]) -> None:
    """Let Tab go through these parts of the docker, which come in the order in which they are seen."""
    stops = [stop for part in parts for stop in _stops(part)]
    for before, after in pairwise(stops):
        QtWidgets.QWidget.setTabOrder(before, after)


def give_keys(buttons: Sequence[Any], window: QtWidgets.QWidget) -> None:
    """Give each button a letter that no menu of the window has."""
    bar = window.menuBar() if isinstance(window, QtWidgets.QMainWindow) else None
    menus = [] if bar is None else [action.text() for action in bar.actions()]
    plain = [button.text().replace("&&", "\0").replace("&", "").replace("\0", "&") for button in buttons]
    for button, label in zip(buttons, with_keys(plain, menus, "&"), strict=True):
        if button.text() != label:
            button.setText(label)


def _stops(part: QtWidgets.QWidget) -> "list[QtWidgets.QWidget]":
    """The part and the widgets in it at which Tab stops."""
    return [
        widget
        for widget in (part, *part.findChildren(QtWidgets.QWidget))
        if widget.focusPolicy() & QtCore.Qt.FocusPolicy.TabFocus and widget.focusProxy() is None
    ]
