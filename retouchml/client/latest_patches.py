"""The latest patch of each face, so that a preview shows every face while new patches come one by one."""

from collections.abc import Iterable

from retouchml.client.answers import Rendered, WirePatch


class LatestPatches:
    """The latest patch of each face, also of earlier looks."""

    def __init__(self) -> None:
        self._patches: dict[int, WirePatch] = {}

    def replace(self, rendered: Rendered) -> None:
        """Take the final answer: it has all that is to be seen."""
        self._patches = {patch.face: patch for patch in rendered.patches}

    def add(self, faces: Iterable[int], rendered: Rendered) -> tuple[WirePatch, ...]:
        """Take a step on the way to it; all patches that can be shown by now, in the order of their faces.

        faces: that are retouched; of one of which the step brings nothing, its last patch stays
        """
        retouched = set(faces)
        renewed = set(rendered.faces) or retouched  # a daemon of version 0.2 sends all faces at once
        for face in [*self._patches]:
            if face in renewed or face not in retouched:
                del self._patches[face]
        self._patches |= {patch.face: patch for patch in rendered.patches}
        return tuple(patch for _, patch in sorted(self._patches.items()))
