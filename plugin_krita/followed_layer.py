"""The layer that the docker follows, and what belongs to its picture: values of sliders, last results."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from retouchml.look import Look
from retouchml.remembered import of_one_picture, remembered
from retouchml.result_history import ResultHistory

from . import results
from .past_views import past_views
from .photo_store import OpenPhoto, PhotoStore

if TYPE_CHECKING:
    from .layers import SourceLayer


class FollowedLayer:
    """The active layer.

    source: None if there is none that can be retouched; history: the last results of its document; past: what
    is shown of these
    """

    def __init__(self, photos: PhotoStore) -> None:
        self._photos = photos
        self._own_values: dict[str, Mapping[str, float]] = {}  # those of one picture, by its layer
        self.source: SourceLayer | None = None
        self.history = ResultHistory()
        self.past = past_views(self.history)

    @property
    def key(self) -> str:
        """The layer's key, "" if there is none."""
        return self.source.key if self.source is not None else ""

    @property
    def photo(self) -> OpenPhoto | None:
        """The layer as it is open at the daemon."""
        return self._photos.get(self.key)

    def follow(self, source: "SourceLayer | None", look: Look) -> Look:
        """Follow the user to a layer; the look for it.

        look: of the layer before. The values that belong to one picture stay with their own. Between two
        pictures there may be none, as in Krita 5.2 until a new one has its layers.
        """
        old, self.source = self.source, source
        before = old.key if old is not None else ""
        if self.key != before:
            self.read_history()
        if self.key == before:
            return look
        if old is not None:
            self._own_values[old.key] = of_one_picture(look)
        if source is None:
            return look
        look = remembered(look).with_values(self._own_values.get(source.key, {}))
        photo = self.photo
        return look if photo is None else photo.looks_or(look).look(photo.shown)

    def read_history(self) -> None:
        """Read the last results of the document; not at each update, since it holds pictures."""
        self.history = ResultHistory() if self.source is None else results.history(self.source.document)
        self.past = past_views(self.history)
