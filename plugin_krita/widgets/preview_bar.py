"""The line above the preview: the picture's name, the view, and the zoom."""

from collections.abc import Callable

from .. import texts
from ..event_loop import guard
from .elided_label import ElidedLabel
from .preview_painting import VIEWS
from .qt import QtCore, QtWidgets

_text = texts.text


class PreviewBar(QtWidgets.QWidget):
    """Says which layer is shown, and lets the user choose the view and the zoom.

    set_view(view): called with one of ``VIEWS``; set_scale(scale): with the pixels of the screen for one of
    the picture, None for the whole face
    """

    def __init__(self, set_view: Callable[[str], None], set_scale: Callable[[float | None], None]) -> None:
        super().__init__()
        self._layer = ElidedLabel()
        self._layer.setObjectName("layer")
        self._layer.setEnabled(False)
        self._buttons = QtWidgets.QWidget()
        self._views = QtWidgets.QToolButton()
        self._views.setObjectName("views")
        self._views.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        self._views.setToolTip(_text(texts.VIEW_TIP))
        menu = QtWidgets.QMenu(self._views)
        menu.setObjectName("views_menu")
        self._actions = {}
        for view in VIEWS:
            action = menu.addAction(_text(texts.VIEWS[view]))
            action.setCheckable(True)
            action.triggered.connect(guard(lambda *_, view=view: set_view(view)))
            self._actions[view] = action
        self._views.setMenu(menu)
        row = QtWidgets.QHBoxLayout(self._buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self._views)
        for name, label, tip, scale in (
            ("fit", texts.FIT, texts.FIT_TIP, None),
            ("pixels", texts.PIXELS, texts.PIXELS_TIP, 1.0),
        ):
            button = QtWidgets.QToolButton()
            button.setObjectName(name)
            button.setText(_text(label))
            button.setToolTip(_text(tip))
            button.clicked.connect(guard(lambda *_, scale=scale: set_scale(scale)))
            row.addWidget(button)
        for button in self._buttons.findChildren(QtWidgets.QToolButton):
            button.setAutoRaise(True)
            button.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        whole = QtWidgets.QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(4)
        whole.addWidget(self._layer, 1)
        whole.addWidget(self._buttons)

    def show_layer(self, title: str, *, is_previewed: bool) -> None:
        """Show the name of the layer. is_previewed: whether there is a preview"""
        self._layer.show_text(title)
        self._buttons.setVisible(is_previewed)

    def show_view(self, view: str) -> None:
        """Show which of ``VIEWS`` is chosen."""
        label = _text(texts.VIEWS[view])
        self._views.setText(label)
        self._views.setAccessibleName(f"{_text(texts.VIEW)}: {label}")
        for each, action in self._actions.items():
            action.setChecked(each == view)
