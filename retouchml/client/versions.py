"""The versions of the protocol, and whether two sides can work together."""

from collections.abc import Iterable, Sequence

from retouchml import __version__
from retouchml.errors import VersionMismatch
from retouchml.look import PHOTO, Look
from retouchml.set_up_command import set_up_command
from retouchml.sliders import BY_NAME, OWN, STRENGTH, TEXTURE

VERSIONS = (1,)  # that this side speaks, newest last
VERSION = VERSIONS[-1]

REFINE, MARKED_FACES, SCORERS, PARTS, RENDERS = "refine", "marked_faces", "scorers", "parts", "renders"
FEATURES = (REFINE, MARKED_FACES, SCORERS, PARTS, RENDERS)
"""What this side can do beyond the first daemons of its version: ``refine`` of ``render``, ``at``, ``scorer``
and ``parts`` of ``open``, ``render`` of a look."""

_UNSAID_SLIDERS = (STRENGTH, TEXTURE, "smile", "age", "yaw", "pitch", "eyes", "mouth", "brows")
"""Those of a daemon that does not say which it knows: version 0.2 or older."""


def mismatch(versions: Sequence[int], peer: str = "other side") -> VersionMismatch:
    """The error for a peer that speaks none of these versions; it says which side has to be updated."""
    newest = max(versions, default=0)
    older = "that side" if newest < VERSIONS[0] else "this side"
    return VersionMismatch(
        f"The {peer} speaks version {newest} of the protocol, this one "
        f"{' and '.join(map(str, VERSIONS))}: {older} is the older.",
        f"Update RetouchML there (`{set_up_command()}`, and the editor's plug-in), then restart both.",
    )


def common_version(versions: Sequence[int]) -> int:
    """The newest version that both sides speak. Raises VersionMismatch."""
    common = set(VERSIONS) & set(versions)
    if not common:
        raise mismatch(versions, "client")
    return max(common)


def check_software(daemon: str) -> None:
    """Raise VersionMismatch unless the daemon is of this very version of RetouchML.

    Messages may be understood all the same, but a daemon from before an update retouches as before.
    """
    if daemon != __version__:
        raise VersionMismatch(
            f"The daemon that runs is version {daemon}, this is {__version__}.",
            f"`retouchml daemon restart` brings an older daemon up to date, `{set_up_command('gimp')}` or "
            "`krita` an older plug-in.",
        )


def check_sliders(looks: Iterable[Look], known: Sequence[str] | None, daemon: str) -> None:
    """Raise VersionMismatch if a look sets a slider that the daemon does not know and this side does.

    known: what the daemon says that it knows, None if it says nothing; daemon: its version. A slider that
    neither side knows is left to the daemon, which refuses it by its name.
    """
    there = _UNSAID_SLIDERS if known is None else known
    for look in looks:
        unknown = [name for name in look.edits if name in BY_NAME and name not in there]
        if unknown and BY_NAME[unknown[0]].group == OWN.name:
            raise VersionMismatch(
                f"The daemon that runs does not know your own slider {unknown[0]}.",
                "`retouchml daemon restart` brings it what was trained since it started. On another machine, "
                "the slider's file has to be there, too.",
            )
        if unknown:
            raise VersionMismatch(
                f"The daemon that runs, version {daemon}, does not know the slider {unknown[0]}.",
                "Update RetouchML there, then `retouchml daemon restart`.",
            )


def check_renders(looks: Iterable[Look], features: Sequence[str], daemon: str) -> None:
    """Raise VersionMismatch if a look shows the generator's pixels, of which the daemon knows nothing.

    features: what the daemon says that it can do; daemon: its version
    """
    if RENDERS not in features and any(look.render != PHOTO for look in looks):
        raise VersionMismatch(
            f"The daemon that runs, version {daemon}, has no generated mode.",
            "Update RetouchML there, then `retouchml daemon restart`.",
        )
