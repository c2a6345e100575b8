"""The look in the docker: the presets, the strength, and the other sliders in a fold for each group."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from retouchml import sentences
from retouchml.errors import RetouchError
from retouchml.look import Look, RenderName
from retouchml.sliders import EXPRESSION, GROUPS, PATH, Group, Slider, in_group

from .. import texts
from ..event_loop import guard
from .preset_menu import PresetMenu
from .qt import QtCore, QtWidgets
from .render_row import RenderRow
from .slider_row import SliderRow, reset_button

_text = texts.text
OnChange = Callable[[Look], None]


class LookPanel(QtWidgets.QWidget):
    """Shows a look; on_change(look) is called when the user changes it, and not by ``show_look``.

    on_error(error): called where a preset cannot be kept
    """

    def __init__(self, look: Look, on_change: OnChange, on_error: Callable[[RetouchError], None]) -> None:
        super().__init__()
        self._look = look
        self._on_change = on_change
        self._presets = PresetMenu(on_change, on_error)
        self._rows = {slider.name: self._row(slider) for group in GROUPS for slider in in_group(group)}
        folds = [group for group in GROUPS if group is not PATH]
        self._render = RenderRow(self._choose_render)
        self._folds = [Fold(group, self._rows_of(group)) for group in folds]
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(7)
        presets = QtWidgets.QHBoxLayout()
        presets.setSpacing(6)
        label = QtWidgets.QLabel(_text(sentences.PRESET))
        label.setBuddy(self._presets)
        presets.addWidget(label)
        presets.addWidget(self._presets, 1)
        column.addLayout(presets)
        for slider in in_group(PATH):
            column.addWidget(self._rows[slider.name])
        for fold in self._folds:
            column.addWidget(fold)
            fold.on_reset = self._reset
        self.show_look(look)

    def show_look(self, look: Look) -> None:
        """Show this look."""
        self._look = look
        for name, row in self._rows.items():
            row.show_value(look.value(name), is_set=look.without(name) != look)
        for fold in self._folds:
            fold.show_reset(look.without_group(fold.group) != look)
        self._render.show_render(look.render)
        self._presets.show_look(look)

    def read_presets(self) -> None:
        """Read the presets again: the user may have saved one."""
        self._presets.read()

    def _row(self, slider: Slider) -> SliderRow:
        def change(value: float | None) -> None:
            look = self._look
            without = look.without(slider.name)
            self._on_change(without if value is None else look.with_values({slider.name: value}))

        return SliderRow(slider, change)

    def _rows_of(self, group: Group) -> list[QtWidgets.QWidget]:
        choice = [self._render] if group is EXPRESSION else []
        return [*choice, *(self._rows[slider.name] for slider in in_group(group))]

    def _choose_render(self, name: RenderName) -> None:
        self._on_change(replace(self._look, render=name))

    def _reset(self, group: Group) -> None:
        self._on_change(self._look.without_group(group))


class Fold(QtWidgets.QWidget):
    """What a group holds, folded at first."""

    def __init__(self, group: Group, rows: "Sequence[QtWidgets.QWidget]") -> None:
        super().__init__()
        self.group = group
        self.on_reset: Callable[[Group], None] = lambda _group: None
        name = group.name.replace(" ", "_")
        self._button = QtWidgets.QToolButton()
        self._button.setObjectName(f"fold_{name}")
        self._button.setText(_text(group.title))
        self._button.setCheckable(True)
        self._button.setAutoRaise(True)
        self._button.setArrowType(QtCore.Qt.ArrowType.RightArrow)
        self._button.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._reset = reset_button(f"reset_{name}", _text(texts.RESET_TIP), _text(group.title))
        self._inside = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(self._inside)
        column.setContentsMargins(0, 2, 0, 2)
        column.setSpacing(4)
        for row in rows:
            column.addWidget(row)
        head = QtWidgets.QHBoxLayout()
        head.addWidget(self._button)
        head.addStretch(1)
        head.addWidget(self._reset)
        whole = QtWidgets.QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(head)
        whole.addWidget(self._inside)
        self._inside.setVisible(False)
        self._button.toggled.connect(guard(self._unfold))
        self._reset.clicked.connect(guard(lambda *_: self.on_reset(self.group)))

    def show_reset(self, is_set: bool) -> None:
        """Show the button that unsets, or not."""
        self._reset.setVisible(is_set)

    def _unfold(self, unfolded: Any) -> None:
        arrows = QtCore.Qt.ArrowType
        self._button.setArrowType(arrows.DownArrow if unfolded else arrows.RightArrow)
        self._inside.setVisible(bool(unfolded))
