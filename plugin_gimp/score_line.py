"""How the shown face is rated, and how far the retouch takes it from itself: for who switched that on."""

from collections.abc import Collection, Sequence

from gi.repository import Gtk

from plugin_gimp.texts import _
from retouchml import score_words
from retouchml.client import settings_page
from retouchml.results import Face, FaceReport

_PALE = 0.75  # GTK's own dim labels are hard to read in the dark theme


class ScoreLine(Gtk.Label):
    """A pale line below the preview, out of sight unless the settings say otherwise.

    is_wanted: whether scores are to be shown
    """

    def __init__(self) -> None:
        super().__init__(xalign=0.0, wrap=True, max_width_chars=60, no_show_all=True)
        self.set_tooltip_text(_(score_words.TIP))
        self.set_opacity(_PALE)
        self.is_wanted = settings_page.shows_scores()
        self._shown: tuple[int, Face] | None = None
        self._reports: dict[int, FaceReport] = {}
        self._awaited: Collection[int] = ()

    def follow_settings(self) -> bool:
        """Show scores or not, as the settings say now; whether they are missing, as nothing was measured."""
        before, self.is_wanted = self.is_wanted, settings_page.shows_scores()
        self._show()
        return self.is_wanted and not before

    def show_face(self, number: int, face: Face) -> None:
        """Show what is known of another face."""
        self._shown = number, face
        self._show()

    def begin(self, faces: Collection[int]) -> None:
        """These faces, by their numbers, are retouched anew; none if the work failed."""
        self._awaited, self._reports = faces, {}
        self._show()

    def end(self, reports: Sequence[FaceReport]) -> None:
        """Show what the retouch did; a face without a report was not changed."""
        self._awaited, self._reports = (), {report.face: report for report in reports}
        self._show()

    def _show(self) -> None:
        text = ""
        if self.is_wanted and self._shown is not None:
            number, face = self._shown
            is_awaited = number in self._awaited
            text = score_words.line(face, self._reports.get(number), is_awaited=is_awaited)
        self.set_text(text)
        self.set_visible(bool(text))
