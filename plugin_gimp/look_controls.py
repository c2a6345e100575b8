"""The dialog's look: the presets, the strength, and the other sliders in a fold for each group."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from gi.repository import GimpUi, Gtk

from plugin_gimp import texts
from plugin_gimp.preset_menu import PresetMenu
from plugin_gimp.render_row import RenderRow
from plugin_gimp.slider_row import SliderRow
from plugin_gimp.texts import _
from retouchml import sentences
from retouchml.look import Look
from retouchml.sliders import BY_NAME, EXPRESSION, GROUPS, PATH, Group, Slider, in_group

_PRESET, _RENDER = "preset", "render"
_FLAT_STYLE = b"button { padding: 1px 9px; min-height: 16px; min-width: 16px; }"  # as high as a title


class LookControls(Gtk.Box):
    """Shows a look and lets the user change it; ``on_change`` is called with each look of the user's."""

    def __init__(
        self,
        look: Look,
        on_change: "Callable[[Look], None]",
        taken: Sequence[str],
        on_release: "Callable[[], None]",
    ) -> None:
        """taken: labels of the same window whose mnemonics are in use; on_release: called when a slider is
        let go
        """
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=4)
        self._look = look
        self._on_change = on_change
        self._on_release = on_release
        self._rows: dict[str, SliderRow] = {}
        self._group_resets: dict[Group, Gtk.Button] = {}
        folds = [group for group in GROUPS if group is not PATH]
        folded = [slider for group in folds for slider in in_group(group)]
        # in the order in which they choose their letters
        named: list[Group | Slider] = [*in_group(PATH), *folds, *folded]
        titles = [_(sentences.PRESET), _(sentences.RENDER), *(_(each.title) for each in named)]
        names = [_PRESET, _RENDER, *(each.name for each in named)]
        self._labels = dict(zip(names, texts.with_mnemonics(titles, taken), strict=True))
        self._presets = PresetMenu(self._labels[_PRESET], self._change)
        self._render = RenderRow(
            self._labels[_RENDER], lambda name: self._change(replace(self._look, render=name))
        )
        self.pack_start(self._presets, False, False, 0)
        for slider in in_group(PATH):
            self.pack_start(self._row(slider.name), False, False, 0)
        for group in folds:
            self.pack_start(self._fold(group), False, False, 0)
        self.show_look(look)

    def show_look(self, look: Look) -> None:
        """Show this look, without a call of ``on_change``."""
        self._look = look
        for name, row in self._rows.items():
            row.show_value(look.value(name), is_set=self._is_set(name))
        for group, button in self._group_resets.items():
            button.set_sensitive(look.without_group(group) != look)
        self._render.show_render(look.render)
        self._presets.show_look(look)

    def take_typed(self) -> None:
        """Take numbers that were typed and not confirmed yet."""
        for row in self._rows.values():
            row.take_typed()

    def reset(self) -> None:
        """Go back to the default look."""
        self._change(Look())

    def _row(self, name: str) -> SliderRow:
        def change(value: "float | None") -> None:
            look = self._look
            self._change(look.without(name) if value is None else look.with_values({name: value}))

        self._rows[name] = SliderRow(BY_NAME[name], self._labels[name], change, self._on_release)
        return self._rows[name]

    def _fold(self, group: Group) -> Gtk.Overlay:
        """What a group holds, folded unless some is set; a button at the end of its title unsets it."""
        fold = Gtk.Expander(label=self._labels[group.name], use_underline=True)
        fold.set_expanded(self._look.without_group(group) != self._look)
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2, margin_top=4)
        if group is EXPRESSION:
            column.add(self._render)
        for slider in in_group(group):
            column.add(self._row(slider.name))
        column.show_all()
        column.set_no_show_all(True)
        column.set_visible(fold.get_expanded())
        # GTK lets Tab into what is folded
        fold.connect("notify::expanded", lambda fold, _property: column.set_visible(fold.get_expanded()))
        fold.add(column)
        reset = Gtk.Button(halign=Gtk.Align.END, valign=Gtk.Align.START, relief=Gtk.ReliefStyle.NONE)
        reset.add(Gtk.Image.new_from_icon_name(GimpUi.ICON_RESET, Gtk.IconSize.MENU))
        style = Gtk.CssProvider()
        style.load_from_data(_FLAT_STYLE)
        reset.get_style_context().add_provider(style, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION)
        tip = _("Reset the group {group}").format(group=_(group.title))
        reset.set_tooltip_text(tip)
        reset.get_accessible().set_name(tip)
        reset.connect("clicked", lambda _button: self._change(self._look.without_group(group)))
        self._group_resets[group] = reset
        overlay = Gtk.Overlay()
        overlay.add(fold)
        overlay.add_overlay(reset)
        return overlay

    def _is_set(self, name: str) -> bool:
        return self._look.without(name) != self._look

    def _change(self, look: Look) -> None:
        if look != self._look:
            self.show_look(look)
            self._on_change(look)
