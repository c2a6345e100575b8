"""Which faces of a new picture an editor retouches before the user has chosen any."""

MOST = 3
"""Faces: a picture of more is a group, in which most people want one of them; each face costs seconds."""


def first_faces(count: int) -> tuple[int, ...]:
    """The numbers of the faces to tick, of ``count``, the largest of which is number 0."""
    return tuple(range(count if count <= MOST else 1))
