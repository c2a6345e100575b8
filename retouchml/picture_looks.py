"""The looks of a picture's faces in an editor: one for all of them, or each its own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from retouchml.look import Look


@dataclass(frozen=True)
class PictureLooks:
    """What the sliders set for each face.

    common: of the faces that have no look of their own; own: by the number of the face; is_same: whether a
    slider that is moved changes all faces, and not only the shown one
    """

    common: Look = field(default_factory=Look)
    own: Mapping[int, Look] = field(default_factory=dict)
    is_same: bool = True

    @classmethod
    def of(cls, looks: Mapping[int, Look]) -> "PictureLooks":
        """These looks, by the number of the face; at least one."""
        common = next(iter(looks.values()))
        own = {face: look for face, look in looks.items() if look != common}
        return cls(common, own, is_same=not own)

    def look(self, face: int) -> Look:
        """The look of a face."""
        return self.own.get(face, self.common)

    def looks(self, faces: Iterable[int]) -> dict[int, Look]:
        """The looks of these faces, by number."""
        return {face: self.look(face) for face in faces}

    def changed(self, shown: int, look: Look) -> "PictureLooks":
        """With another look of the shown face, and of all others if they are the same."""
        if self.is_same:
            return PictureLooks(look)
        return replace(self, own={**self.own, shown: look})

    def same_as(self, shown: int) -> "PictureLooks":
        """With the look of the shown face for every face; from now on a slider changes all of them."""
        return PictureLooks(self.look(shown))

    def each_its_own(self) -> "PictureLooks":
        """The same looks; from now on a slider changes the shown face alone."""
        return replace(self, is_same=False)
