"""The last results of an image: kept as its parasite, and shown in a menu of the dialog."""

from collections.abc import Callable, Sequence

from gi.repository import GdkPixbuf, Gimp, GimpUi, GLib, Gtk

from plugin_gimp import pixbufs, results
from plugin_gimp.layer_pixels import Encoding
from plugin_gimp.texts import _
from plugin_gimp.viewport import square_around
from retouchml.client.answers import WirePatch
from retouchml.look_words import words_of
from retouchml.presets import library
from retouchml.result_history import PastResult, ResultHistory
from retouchml.result_record import ResultRecord
from retouchml.results import Face
from retouchml.translation import counted

_PARASITE = "retouchml-history"
_FLAGS = 1  # GIMP_PARASITE_PERSISTENT: saved with the image; undo leaves it alone
_HEIGHT = 360  # pixels of the list at most
_SIDE = 48  # pixels of a result's picture


def of_image(image: Gimp.Image) -> ResultHistory:
    """The history of an image."""
    parasite = image.get_parasite(_PARASITE)
    if parasite is None:
        return ResultHistory()
    return ResultHistory.from_json(bytes(parasite.get_data()).decode("utf-8", "replace"))


def remember(image: Gimp.Image, record: ResultRecord, picture: bytes = b"") -> None:
    """Add a result. picture: a small PNG file, b"" for none."""
    history = of_image(image).with_result(PastResult(record, picture))
    image.attach_parasite(Gimp.Parasite.new(_PARASITE, _FLAGS, history.to_json().encode("utf-8")))


class HistoryButton(Gtk.MenuButton):
    """Opens the list of the last results; ``on_choose`` is called with the record of one that is clicked."""

    def __init__(self, label: str, on_choose: "Callable[[ResultRecord], None]") -> None:
        """label: with an underscore before its mnemonic."""
        super().__init__(label=label, use_underline=True)
        self._on_choose = on_choose
        self._list = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2, margin=6)
        scroll = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER)
        scroll.set_propagate_natural_height(True)
        scroll.set_propagate_natural_width(True)
        scroll.set_max_content_height(_HEIGHT)
        scroll.add(self._list)
        scroll.show_all()
        self._popover = Gtk.Popover()
        self._popover.add(scroll)
        self.set_popover(self._popover)
        self.set_tooltip_text(_("The last results of this picture: a click brings the look back"))

    def show_results(self, results: "Sequence[PastResult]") -> None:
        """List these; without any there is no button."""
        for child in self._list.get_children():
            child.destroy()
        presets, _problems = library.presets()
        for result in results:
            look = words_of(result.record.look, presets, _)
            self._list.add(self._row(result, look))
        self._list.show_all()
        self.set_visible(bool(results))

    def _row(self, result: PastResult, look: str) -> Gtk.Button:
        count = len(result.record.faces)
        faces = counted("{number} face", "{number} faces", count)
        line = Gtk.Box(spacing=8)
        pixbuf = _pixbuf(result.picture)
        icon = Gtk.Image.new_from_icon_name(GimpUi.ICON_IMAGE, Gtk.IconSize.DND)
        line.add(icon if pixbuf is None else Gtk.Image.new_from_pixbuf(pixbuf))
        line.add(Gtk.Label(label=look if count == 1 else f"{look}\n{faces}", xalign=0.0))
        button = Gtk.Button(relief=Gtk.ReliefStyle.NONE)
        button.add(line)
        button.get_accessible().set_name(f"{look}, {faces}")
        button.connect("clicked", lambda _button: self._choose(result.record))
        return button

    def _choose(self, record: ResultRecord) -> None:
        self._popover.popdown()
        self._on_choose(record)


def _pixbuf(png: bytes) -> "GdkPixbuf.Pixbuf | None":
    if not png:
        return None
    loader = GdkPixbuf.PixbufLoader.new_with_type("png")
    try:
        loader.write(png)
        loader.close()
    except GLib.Error:  # another program may have written the parasite
        return None
    return loader.get_pixbuf()


class LayerHistory:
    """The last results of the dialog's layer: listed in its button, and one more with each result."""

    def __init__(self, layer: Gimp.Drawable, button: HistoryButton) -> None:
        self._layer = layer
        self._button = button
        self.show()

    def show(self) -> None:
        """List the results."""
        past = of_image(self._layer.get_image())
        self._button.show_results(past.of_source(results.name_of_source(self._layer)))

    def remember(
        self,
        made: ResultRecord,
        faces: "Sequence[Face]",
        shown: int,
        patches: "Sequence[WirePatch]",
        encoding: Encoding,
    ) -> None:
        """Add a result, before it is in the image: the layer itself may change.

        Its picture is that of the shown face, or of the first one that was retouched. encoding: of the
        patches' pixels
        """
        number = shown if any(patch.face == shown for patch in patches) else patches[0].face
        width, height = self._layer.get_width(), self._layer.get_height()
        square = square_around(faces[number].box, 1.5, width, height)
        picture = pixbufs.png_of_face(self._layer, square, _SIDE, patches, encoding)
        remember(self._layer.get_image(), made, picture)
