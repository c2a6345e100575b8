"""The dialog's look: the presets, the strength, and the other sliders in a fold for each group."""

from collections.abc import Callable, Sequence

import gi

gi.require_version("Gtk", "3.0")

from gi.repository import Gtk  # noqa: E402 (after its version)

from plugin_gimp import texts  # noqa: E402
from plugin_gimp.controls import SliderRow  # noqa: E402
from plugin_gimp.texts import _  # noqa: E402
from retouchml import sentences  # noqa: E402
from retouchml.look import Look  # noqa: E402
from retouchml.presets import library  # noqa: E402
from retouchml.sliders import GROUPS, PATH, Group, in_group  # noqa: E402

_PRESET = "preset"
_OWN_VALUES = "-"  # the row of the presets for any other look; no preset can be called so


class LookControls(Gtk.Box):
    """Shows a look and lets the user change it; ``on_change`` is called after each change of the user's."""

    def __init__(self, look: Look, on_change: "Callable[[], None]", taken: Sequence[str]) -> None:
        """taken: labels of the same window whose mnemonics are in use."""
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=4)
        self._look = look
        self._on_change = on_change
        self._presets, _problems = library.presets()
        self._rows: dict[str, SliderRow] = {}
        self._titles = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)  # unfolding widens nothing
        folds = [group for group in GROUPS if group is not PATH]
        folded = [slider for group in folds for slider in in_group(group)]
        # in the order in which they choose their letters
        names = [*(each.name for each in in_group(PATH)), *(each.name for each in folds)]
        titles = [*(_(each.title) for each in in_group(PATH)), *(_(each.title) for each in folds)]
        names = [_PRESET, *names, *(each.name for each in folded)]
        titles = [_(sentences.PRESET), *titles, *(_(each.title) for each in folded)]
        self._labels = dict(zip(names, texts.with_mnemonics(titles, taken), strict=True))
        top = Gtk.Grid(row_spacing=4, column_spacing=8)
        self._combo = self._build_presets(top, self._labels[_PRESET])
        self._add_rows(top, PATH, 1)
        self.pack_start(top, False, False, 0)
        for group in folds:
            fold = Gtk.Expander(label=self._labels[group.name], use_underline=True)
            fold.set_expanded(any(self._is_set(slider.name) for slider in in_group(group)))
            grid = Gtk.Grid(row_spacing=4, column_spacing=8)
            self._add_rows(grid, group, 0)
            fold.add(grid)
            self.pack_start(fold, False, False, 0)
        self._show()

    @property
    def look(self) -> Look:
        """The look that is shown."""
        return self._look

    def take_typed(self) -> None:
        """Take numbers that were typed and not confirmed yet."""
        for row in self._rows.values():
            row.take_typed()

    def reset(self) -> None:
        """Show the default look."""
        self._change(Look())

    def _build_presets(self, grid: Gtk.Grid, label: str) -> Gtk.ComboBoxText:
        combo = Gtk.ComboBoxText(hexpand=True)
        for preset in self._presets:
            combo.append(preset.name, texts.preset_title(preset))
        combo.append(_OWN_VALUES, _(sentences.OWN_VALUES))
        combo.connect("changed", lambda _combo: self._choose_preset())
        title = Gtk.Label(label=label, use_underline=True, xalign=0.0)
        title.set_mnemonic_widget(combo)
        self._titles.add_widget(title)
        grid.attach(title, 0, 0, 1, 1)
        grid.attach(combo, 1, 0, 3, 1)
        return combo

    def _add_rows(self, grid: Gtk.Grid, group: Group, first: int) -> None:
        for place, slider in enumerate(in_group(group), first):

            def change(value: "float | None", name: str = slider.name) -> None:
                self._change(
                    self._look.without(name) if value is None else self._look.with_values({name: value})
                )

            row = SliderRow(grid, place, slider, self._labels[slider.name], change)
            self._titles.add_widget(row.title)
            self._rows[slider.name] = row

    def _is_set(self, name: str) -> bool:
        return self._look.without(name) != self._look

    def _choose_preset(self) -> None:
        name = self._combo.get_active_id()
        chosen = next((preset for preset in self._presets if preset.name == name), None)
        if chosen is not None and chosen.look != self._look:
            self._change(chosen.look)

    def _change(self, look: Look) -> None:
        if look != self._look:
            self._look = look
            self._show()
            self._on_change()

    def _show(self) -> None:
        for name, row in self._rows.items():
            row.show_value(self._look.value(name))
        self._combo.set_active_id(library.name_of(self._look, self._presets) or _OWN_VALUES)
