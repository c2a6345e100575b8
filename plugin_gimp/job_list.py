"""The results that are awaited, a line each, with a button that takes it out."""

from collections.abc import Callable

from gi.repository import GimpUi, Gtk, Pango

from plugin_gimp.job_queue import JobQueue
from plugin_gimp.texts import _
from retouchml import sentences
from retouchml.look_words import words_of
from retouchml.presets import library

_MOST_LETTERS = 60


class JobList(Gtk.Box):
    """A line for each job, with a button that takes it out.

    on_cancel: called with the number of a job, 0 for the one under way
    """

    def __init__(self, on_cancel: "Callable[[int], None]") -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=2, no_show_all=True)
        self._on_cancel = on_cancel

    def show_jobs(self, jobs: JobQueue) -> None:
        """Show these jobs; without any, nothing."""
        for child in self.get_children():
            child.destroy()
        self.set_visible(jobs.running is not None)
        if jobs.running is None:
            return
        presets, _problems = library.presets()
        for number, job in {0: jobs.running, **jobs.waiting}.items():
            words = words_of(next(iter(job.looks.values())), presets, _) if job.looks else ""
            title = _(sentences.JOB_UNDER_WAY) if number == 0 else _(sentences.JOB_WAITING)
            self.add(self._line(number, title.format(layer=words)))

    def _line(self, number: int, title: str) -> Gtk.Box:
        line = Gtk.Box(spacing=6)
        label = Gtk.Label(label=title, xalign=0.0, max_width_chars=_MOST_LETTERS)
        label.set_ellipsize(Pango.EllipsizeMode.END)
        line.pack_start(label, True, True, 0)
        button = Gtk.Button.new_from_icon_name(GimpUi.ICON_WINDOW_CLOSE, Gtk.IconSize.MENU)
        button.set_relief(Gtk.ReliefStyle.NONE)
        cancel = _(sentences.CANCEL)
        button.set_tooltip_text(cancel)
        button.get_accessible().set_name(f"{cancel}: {title}")
        button.connect("clicked", lambda _button: self._on_cancel(number))
        line.pack_end(button, False, False, 0)
        line.show_all()
        return line
