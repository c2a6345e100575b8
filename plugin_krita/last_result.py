"""What the docker says of the result that was added last, for as long as it is there."""

from . import results
from .layers import Added, SourceLayer
from .notices import added_notice
from .view_state import Notice


class LastResult:
    """The notice of the last result, which ends when the result is undone or deleted."""

    def __init__(self) -> None:
        self._last: tuple[Notice, SourceLayer, str] | None = None  # with the result's key

    def take(self, added: Added, source: SourceLayer) -> Notice:
        """What to say of a result that was added."""
        notice = added_notice(added)
        self._last = (notice, source, added.key)
        return notice

    def notice_unless_undone(self, shown: Notice | None) -> Notice | None:
        """The notice that is shown; None if it is of a result that is there no more."""
        if self._last is None:
            return shown
        notice, source, key = self._last
        if source.exists and results.find(source.document.rootNode(), key) is not None:
            return shown
        self._last = None
        return None if shown == notice else shown
