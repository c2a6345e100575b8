"""A render that was requested of a photo, until it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass

from retouchml.look import Look

Looks = Mapping[int, Look]
"""Looks by the number of the face."""


@dataclass(frozen=True)
class RenderRequest:
    """What ``PhotoSession.render`` takes; the fields are those of ``messages.Render``."""

    looks: Looks
    size: str
    preview_side: int
    report: bool
    refine: bool
    shown: int | None

    def is_done(self, sketched: "RenderRequest | None") -> bool:
        """Whether no more is wanted. sketched: the request of which a preview of the sketch was shown"""
        return self.size != "full" and self is not sketched
