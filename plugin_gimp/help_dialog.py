"""The help: what the dialog's parts do, and its keys; the document is beside the plug-in."""

from pathlib import Path

from gi.repository import Gtk

from plugin_gimp.texts import _

_WIDTH, _HEIGHT = 560, 420
_PARTS = (
    (_("The preview"), _("Drag the line between before and after; turn the wheel to zoom.")),
    (_("Left, Right"), _("move the line")),
    (_("Home, End"), _("show one of the two alone")),
    (_("Space"), _("change between before and after")),
    (_("Shift and arrows"), _("move the picture")),
    (_("Plus, minus"), _("enlarge and reduce")),
    ("1", _("the photograph's own pixels")),
    ("0", _("the whole face")),
    (
        _("Faces"),
        _("A click shows a face, its tick chooses it; “!” says that the photograph shows it poorly."),
    ),
    (_("Sliders"), _("Hundredths. The button beside one lets it follow the strength again.")),
    (_("Results"), _("A new result takes the place of the earlier one; one undo brings that back.")),
    (_("Again"), _("Choose a result's layer and open the dialog: its faces and sliders come back.")),
)


def run(parent: Gtk.Window) -> None:
    """Show the help until it is closed."""
    dialog = Gtk.Dialog(title=_("Help on RetouchML"), transient_for=parent, modal=True)
    dialog.set_default_size(_WIDTH, _HEIGHT)
    dialog.add_button(_("_Close"), Gtk.ResponseType.CLOSE)
    grid = Gtk.Grid(row_spacing=6, column_spacing=16, margin=12)
    for row, (name, text) in enumerate(_PARTS):
        grid.attach(Gtk.Label(label=name, xalign=0.0, yalign=0.0), 0, row, 1, 1)
        grid.attach(
            Gtk.Label(label=text, xalign=0.0, wrap=True, max_width_chars=50, hexpand=True), 1, row, 1, 1
        )
    scroll = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER)
    scroll.add(grid)
    area = dialog.get_content_area()
    area.pack_start(scroll, True, True, 0)
    document = Path(__file__).resolve().parent / "editors.md"
    if document.is_file():
        area.pack_start(
            Gtk.LinkButton.new_with_label(document.as_uri(), _("The whole document")), False, False, 0
        )
    area.show_all()
    dialog.run()
    dialog.destroy()
