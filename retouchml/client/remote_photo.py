"""An open photo at the daemon."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from retouchml.client import messages, versions
from retouchml.client.answers import Opened, Prepared, Rendered
from retouchml.client.call import Call
from retouchml.look import Look

if TYPE_CHECKING:
    from retouchml.client.client import Client


class RemotePhoto:
    """An open photo at the daemon. ``photo_session.PhotoSession`` opens it again if the daemon is lost."""

    def __init__(self, client: "Client", opened: Opened) -> None:
        self._client = client
        self.name, self.faces = opened.photo, opened.faces
        self.model, self.device, self.seconds = opened.model, opened.device, opened.seconds
        self.needs = opened.needs

    def prepare(self, faces: Sequence[int] | None = None) -> Call[Prepared]:
        """Do the slow part of the work for these faces, or all."""
        request = messages.Prepare(self.name, None if faces is None else tuple(faces))
        return self._client.request(request, lambda fields, _: Prepared.from_fields(fields))

    def render(
        self,
        looks: Mapping[int, Look],
        *,
        size: str = "full",
        preview_side: int = messages.PREVIEW_SIDE,
        report: bool = False,
        refine: bool = False,
        shown: int | None = None,
    ) -> Call[Rendered]:
        """Render patches for these looks. A render of this photo that is under way ends with Superseded.

        refine, shown: as in ``messages.Render``; a daemon that cannot refine sends the last answer alone.
        Raises VersionMismatch if the daemon does not know a slider that a look sets.
        """
        welcome = self._client.welcome
        if welcome is not None:
            versions.check_sliders(looks.values(), welcome.sliders, welcome.software)
            versions.check_renders(looks.values(), welcome.features, welcome.software)
        request = messages.Render(self.name, looks, size, preview_side, report, refine, shown)
        return self._client.request(request, Rendered.from_fields)

    def close(self) -> None:
        """Let the daemon forget the photo, without waiting; it is no error if it has forgotten it already."""
        self._client.forget(self.name)
