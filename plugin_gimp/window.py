"""The dialog's window: where its parts are."""

from collections.abc import Callable
from dataclasses import dataclass

from gi.repository import Gdk, GimpUi, Gtk

from plugin_gimp import arguments
from plugin_gimp.face_row import FaceRow
from plugin_gimp.history import HistoryButton
from plugin_gimp.job_list import JobList
from plugin_gimp.job_queue import JobQueue
from plugin_gimp.look_controls import LookControls
from plugin_gimp.preview import Preview
from plugin_gimp.score_line import ScoreLine
from plugin_gimp.texts import _
from plugin_gimp.view_bar import ViewBar
from retouchml import sentences
from retouchml.look import Look
from retouchml.result_record import ResultRecord

RESET, APPLY, SETTINGS, HELP = 1, 2, 3, 4
"""Responses of our own; GTK's are negative."""
BEAUTIFY, CLOSE = Gtk.ResponseType.OK, Gtk.ResponseType.CANCEL


@dataclass(frozen=True)
class Handlers:
    """What is called when the user does something.

    response: with ``BEAUTIFY``, ``APPLY``, ``RESET`` or ``CLOSE``; show: with the number of a face; tick:
    after ticks changed; look: with the shown face's new look; release: when a slider is let go; same: with
    whether all faces have it; mark: when the selection is said to hold a face; past: with the record of an
    earlier result; cancel: with the number of a job
    """

    response: Callable[[int], None]
    show: Callable[[int], None]
    tick: Callable[[], None]
    look: Callable[[Look], None]
    release: Callable[[], None]
    same: Callable[[bool], None]
    mark: Callable[[], None]
    past: Callable[[ResultRecord], None]
    cancel: Callable[[int], None]


class Window:
    """The widgets, as they are before any face is known."""

    def __init__(self, preview: Preview, handlers: Handlers, look: Look, output: str) -> None:
        """output: the nick of the one that is chosen at first."""
        self.dialog = GimpUi.Dialog(title=_(sentences.BEAUTIFY), role="retouchml")
        labels = {RESET: _("_Reset"), CLOSE: _("_Cancel"), APPLY: _("_Apply"), BEAUTIFY: _("_Beautify")}
        self._buttons = {each: self.dialog.add_button(label, each) for each, label in labels.items()}
        self._buttons[APPLY].set_tooltip_text(_("Make the result, and go on"))
        self._buttons[BEAUTIFY].set_tooltip_text(_("Make the result, and close"))
        self.dialog.set_default_response(BEAUTIFY)
        settings = _("Se_ttings…")
        self._add_secondary(settings, SETTINGS)
        self._add_secondary(_("Help"), HELP)
        self.dialog.connect("response", lambda _dialog, response: handlers.response(response))
        self._output_label, self._keep_label = _("_Output"), _("_Keep earlier results")
        self._same_label = _("Same look for all _faces")
        history = _("_History")
        self.history = HistoryButton(history, handlers.past)
        taken = [*labels.values(), settings, self._output_label, self._keep_label, self._same_label, history]
        self.look_controls = LookControls(look, handlers.look, taken, handlers.release)
        self.score = ScoreLine()
        self._jobs = JobList(handlers.cancel)
        self.face_row = FaceRow(handlers.show, handlers.tick, handlers.mark)
        self._handlers = handlers
        self._quiet = False  # whether the check button changes without the user
        self._build(preview, output)

    def _add_secondary(self, label: str, response: int) -> None:
        """A button at the other end of the row."""
        button = self.dialog.add_button(label, response)
        self.dialog.get_action_area().set_child_secondary(button, True)

    def _build(self, preview: Preview, output: str) -> None:
        self._again = Gtk.Label(xalign=0.0, wrap=True, no_show_all=True)
        self._status = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=90)
        self._bar = Gtk.ProgressBar()
        self._machine = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=90, no_show_all=True)
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        left.pack_start(preview, True, True, 0)
        left.pack_start(ViewBar(preview), False, False, 0)
        left.pack_start(self.score, False, False, 0)
        left.pack_start(self.face_row, False, False, 0)
        columns = Gtk.Box(spacing=12)
        columns.pack_start(left, True, True, 0)
        columns.pack_start(self._build_controls(output), False, False, 0)
        area = self.dialog.get_content_area()
        area.set_spacing(6)
        area.set_border_width(12)
        parts = [(self._again, False), (columns, True), (self._jobs, False)]
        parts += [(self._bar, False), (self._status, False), (self._machine, False)]
        for widget, grows in parts:
            area.pack_start(widget, grows, grows, 0)
        area.show_all()

    def _build_controls(self, output: str) -> Gtk.Box:
        """The look and the output."""
        scroll = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER)
        scroll.set_propagate_natural_width(True)
        scroll.add(self.look_controls)
        title = Gtk.Label(label=self._output_label, use_underline=True, xalign=0.0)
        self._output = Gtk.ComboBoxText()
        for nick, label in arguments.OUTPUTS.items():
            self._output.append(nick, label)
        self._output.connect("changed", lambda _combo: self._show_apply())
        self._output.set_active_id(output)
        title.set_mnemonic_widget(self._output)
        self._output.get_accessible().set_name(self._output_label.replace("_", ""))
        line = Gtk.Box(spacing=8)
        line.pack_start(title, False, False, 0)
        line.pack_start(self._output, True, True, 0)
        self._same = Gtk.CheckButton(
            label=self._same_label, use_underline=True, active=True, no_show_all=True
        )
        self._same.set_tooltip_text(
            _("Ticked, a slider changes every face, and all get the look of the shown one")
        )
        self._same.connect("toggled", lambda _button: self._toggle_same())
        self._keep = Gtk.CheckButton(label=self._keep_label, use_underline=True, no_show_all=True)
        column = self._controls = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8)
        # what can grow in it would otherwise take half of the room that is the preview's
        column.set_hexpand(False)
        line_above = Gtk.Box(spacing=8)
        line_above.pack_start(self._same, False, False, 0)
        self.history.set_no_show_all(True)
        line_above.pack_end(self.history, False, False, 0)
        column.pack_start(line_above, False, False, 0)
        column.pack_start(scroll, True, True, 0)
        column.pack_start(line, False, False, 0)
        column.pack_start(self._keep, False, False, 0)
        return column

    @property
    def output(self) -> str:
        """The nick of the chosen output."""
        return str(self._output.get_active_id())

    @property
    def keeps_earlier(self) -> bool:
        """Whether earlier results of the layer stay."""
        return bool(self._keep.get_active())

    def call_when_drawn(self, call: "Callable[[], None]") -> None:
        """Call that once the dialog, which is not shown yet, was drawn."""

        def on_painted(clock: Gdk.FrameClock) -> None:
            clock.disconnect(handler)
            call()

        self.dialog.realize()
        clock = self.dialog.get_frame_clock()
        handler = clock.connect("after-paint", on_painted)

    def say(self, sentence: str, fraction: "float | None" = None) -> None:
        """Show a sentence, and how far the work is."""
        self._status.set_text(sentence)
        if fraction is not None:
            self._bar.set_fraction(fraction)

    def show_machine(self, sentence: str) -> None:
        """Say which machine does the work; "" if there is nothing to say."""
        self._machine.set_text(sentence)
        self._machine.set_visible(bool(sentence))

    def show_again(self, layer: str) -> None:
        """Say that the result of that name is edited again."""
        sentence = _("“{layer}” is edited again, with its sliders as they were.")
        self._again.set_text(sentence.format(layer=layer))
        self._again.show()

    def show_keep(self, *, keep: "bool | None" = None) -> None:
        """Offer to keep earlier results; keep: whether that is ticked at first."""
        if keep is not None:
            self._keep.set_active(keep)
        self._keep.show()

    def show_same(self, *, is_same: bool) -> None:
        """Offer one look for all faces."""
        self._quiet = True
        self._same.set_active(is_same)
        self._quiet = False
        self._same.show()

    def show_applied(self) -> None:
        """Say that closing takes nothing back any more."""
        self._buttons[CLOSE].set_label(_("_Close"))

    def show_jobs(self, jobs: JobQueue, *, closes: bool) -> None:
        """Show the results that are awaited; the user goes on, unless the dialog closes after one of them."""
        self._jobs.show_jobs(jobs)
        self._is_closing = closes
        for widget in (self._controls, self.face_row):
            widget.set_sensitive(not closes)
        self._buttons[BEAUTIFY].set_sensitive(not closes)
        self._show_apply()

    def set_usable(self, *, is_usable: bool) -> None:
        """Whether there is anything to make."""
        self._buttons[BEAUTIFY].set_sensitive(is_usable)
        self._buttons[APPLY].set_sensitive(is_usable and self._applies)

    _is_closing = False

    @property
    def _applies(self) -> bool:
        """Whether Apply can be used: a replaced layer is no picture to go on from."""
        return self.output != arguments.REPLACE and not self._is_closing

    def _show_apply(self) -> None:
        self._buttons[APPLY].set_sensitive(self._applies)

    def _toggle_same(self) -> None:
        if not self._quiet:
            self._handlers.same(bool(self._same.get_active()))
