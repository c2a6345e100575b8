"""The faces below the preview: a click on a thumbnail shows a face, its tick chooses it."""

from collections.abc import Callable, Sequence

from gi.repository import GdkPixbuf, Gtk

from plugin_gimp.texts import _, capitalized, face_title
from retouchml import sentences

_HEIGHT = 116


class FaceRow(Gtk.Box):
    """The faces with their names, their ticks, and what is held back on each."""

    def __init__(
        self,
        on_show: "Callable[[int], None]",
        on_tick: "Callable[[], None]",
        on_mark: "Callable[[], None]",
    ) -> None:
        """on_show: called with the number of a face that is to be shown; on_tick: after ticks changed;
        on_mark: when the selection is said to hold a face
        """
        super().__init__(spacing=6)
        self.set_size_request(-1, _HEIGHT)  # nothing moves once the faces are there
        self._on_show, self._on_tick = on_show, on_tick
        self._ticks: list[Gtk.CheckButton] = []
        self._thumbnails: list[Gtk.RadioButton] = []
        self._quiet = False  # whether widgets change without the user
        self._faces = Gtk.Box(spacing=6)
        self._scroll = Gtk.ScrolledWindow(vscrollbar_policy=Gtk.PolicyType.NEVER)
        self._scroll.set_overlay_scrolling(False)  # else nothing says that there are more faces
        self._scroll.add(self._faces)
        self._buttons = Gtk.Box(spacing=2, homogeneous=True)
        for label, ticked in ((_(sentences.EVERY_FACE), True), (_(sentences.NOT_ANY_FACE), False)):
            button = Gtk.Button(label=label)
            button.connect("clicked", lambda _button, ticked: self._tick_every(ticked), ticked)
            button.show()
            self._buttons.add(button)
        self._buttons.set_no_show_all(True)
        self.pack_start(self._scroll, True, True, 0)
        self._mark = Gtk.Button(label=_(sentences.FACE_HERE))
        self._mark.set_tooltip_text(_(sentences.MARK_TIP))
        self._mark.connect("clicked", lambda _button: on_mark())
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, valign=Gtk.Align.CENTER)
        column.add(self._buttons)
        column.add(self._mark)
        self.pack_start(column, False, False, 0)

    def fill(
        self,
        thumbnails: "Sequence[GdkPixbuf.Pixbuf]",
        notes: "Sequence[Sequence[str]]",
        ticked: "Sequence[int]",
        shown: int,
    ) -> None:
        """Show these faces. notes: what is held back on each and why."""
        for child in self._faces.get_children():
            child.destroy()
        self._ticks, self._thumbnails = [], []
        for number, (thumbnail, held_back) in enumerate(zip(thumbnails, notes, strict=True)):
            self._faces.add(self._face(number, thumbnail, held_back, ticked, shown))
        self.show_all()
        self._buttons.set_visible(len(self._ticks) > 1)

    @property
    def ticked(self) -> "list[int]":
        """The numbers of the faces to retouch."""
        return [number for number, tick in enumerate(self._ticks) if tick.get_active()]

    def tick(self, ticked: "Sequence[int]") -> None:
        """Tick these faces and no others, without a call of ``on_tick``."""
        self._quiet = True
        for number, tick in enumerate(self._ticks):
            tick.set_active(number in ticked)
        self._quiet = False

    def _face(
        self,
        number: int,
        thumbnail: GdkPixbuf.Pixbuf,
        notes: "Sequence[str]",
        ticked: "Sequence[int]",
        shown: int,
    ) -> Gtk.Box:
        """A face: its thumbnail above its tick and its name."""
        name = face_title(number)
        tip = "\n".join((name, *(f"{capitalized(_(note))}." for note in notes)))
        tick = Gtk.CheckButton(label=f"{name} !" if notes else name, active=number in ticked)
        tick.connect("toggled", lambda _tick: self._ticked())
        thumb = Gtk.RadioButton(group=self._thumbnails[0] if self._thumbnails else None)
        thumb.set_mode(False)  # drawn as a button, which looks pressed while its face is shown
        thumb.set_relief(Gtk.ReliefStyle.NONE)
        thumb.add(Gtk.Image.new_from_pixbuf(thumbnail))
        thumb.set_active(number == shown)
        thumb.connect("toggled", lambda button, face: button.get_active() and self._on_show(face), number)
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        for widget, role in ((thumb, _("Show it")), (tick, _("Retouch it"))):
            widget.set_tooltip_text(f"{tip}\n{role}")
            accessible = widget.get_accessible()
            accessible.set_name(f"{name}: {role}")
            accessible.set_description(tip)
            column.add(widget)
        self._ticks.append(tick)
        self._thumbnails.append(thumb)
        return column

    def _tick_every(self, ticked: bool) -> None:
        self.tick(range(len(self._ticks)) if ticked else ())
        self._on_tick()

    def _ticked(self) -> None:
        if not self._quiet:
            self._on_tick()
