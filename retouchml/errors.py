"""The errors that a user can meet, as one tree.

RetouchError
├── UsageError              the request itself is wrong
├── PictureError            a file that is to be read or written
│   ├── PictureUnreadable   missing, a folder, truncated, not a picture
│   ├── PictureUnsupported  readable, but of a kind or size that is not retouched
│   └── PictureUnwritable   the target cannot be written
├── NoFaceError             nothing to retouch
├── ModelError              a network or a learned part
│   ├── ModelMissing        not fetched yet, or unknown
│   ├── ModelCorrupt        its checksum or its content is wrong
│   └── LatentSpaceMismatch learned for another generator
├── DownloadError           the network, or the package index, did not answer
├── DeviceError             the accelerator is absent or out of memory
├── DiskFullError           no room for a model, a cache entry or a result
├── DaemonError             the background process that keeps the models loaded
│   ├── DaemonAbsent        none runs, or it cannot be started
│   ├── DaemonLost          the connection broke, or it stopped answering
│   │   └── NameUnknown     the name of another machine leads nowhere
│   ├── DaemonRuns          a second one was to be started
│   ├── DaemonStopping      it is stopping
│   ├── Busy                its queue or its photo store is full
│   ├── WorkerLost          the process with the models was lost during the job, twice
│   └── PhotoUnknown        the photo was closed, or lost with a restarted daemon
├── ProtocolError           a message that is wrong
│   ├── LimitExceeded       a number in it is larger than allowed
│   └── VersionMismatch     the two sides speak different versions
├── Refused                 a file or connection that another user may control
├── Superseded              a newer render of the same photo arrived
└── Cancelled               the work was stopped on request

Each class has a ``code``, which is also the wire's, and an ``exit_code`` for the command line. An instance
carries one sentence for a person (``str(error)``) and what to do next (``error.advice``).
"""

from typing import ClassVar


class RetouchError(Exception):
    """The root of the tree: a sentence for a person, and what to do next."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __reduce__(self) -> tuple[type["RetouchError"], tuple[str, str]]:
        return type(self), (self.message, self.advice)

    def explain(self) -> str:
        """The sentence and the advice on one line, as the command line prints them."""
        return f"{self.message} {self.advice}".strip()


class UsageError(RetouchError):
    """The request itself is wrong."""

    code = "usage"
    exit_code = 2


class PictureError(RetouchError):
    """A picture file could not be read or written."""

    code = "picture"


class PictureUnreadable(PictureError):
    """The file is missing, a folder, truncated, or no picture."""

    code = "picture_unreadable"


class PictureUnsupported(PictureError):
    """The file is a picture, but of a kind or size that is not retouched."""

    code = "picture_unsupported"


class PictureUnwritable(PictureError):
    """The result cannot be written to its target."""

    code = "picture_unwritable"


class NoFaceError(RetouchError):
    """No face was found, so there is nothing to retouch."""

    code = "no_face"
    exit_code = 3


class ModelError(RetouchError):
    """A network or a learned part cannot be used."""

    code = "model"


class ModelMissing(ModelError):
    """The model is not on this machine, or its name is unknown."""

    code = "model_missing"


class ModelCorrupt(ModelError):
    """The model's checksum or content is wrong."""

    code = "model_corrupt"


class LatentSpaceMismatch(ModelError):
    """A scorer or an edit was learned for another generator's latent space."""

    code = "latent_space"


class DownloadError(RetouchError):
    """A download failed."""

    code = "download"


class DeviceError(RetouchError):
    """The accelerator is absent, unusable or out of memory."""

    code = "device"


class DiskFullError(RetouchError):
    """There is no room left on the disk."""

    code = "disk_full"


class DaemonError(RetouchError):
    """The daemon could not do what was asked."""

    code = "daemon"


class DaemonAbsent(DaemonError):
    """No daemon runs, or it cannot be started."""

    code = "daemon_absent"


class DaemonLost(DaemonError):
    """The connection to the daemon broke, or the daemon stopped answering."""

    code = "daemon_gone"


class NameUnknown(DaemonLost):
    """The name of another machine leads nowhere."""

    code = "name_unknown"


class DaemonRuns(DaemonError):
    """A second daemon was to be started."""

    code = "daemon_runs"


class DaemonStopping(DaemonError):
    """The daemon is stopping and takes no new requests."""

    code = "stopping"


class Busy(DaemonError):
    """The daemon's queue or photo store is full."""

    code = "busy"


class WorkerLost(DaemonError):
    """The process with the models was lost during the job, and again when the job was repeated."""

    code = "worker_lost"


class PhotoUnknown(DaemonError):
    """The photo was closed, or lost with a restarted daemon."""

    code = "photo_unknown"


class ProtocolError(RetouchError):
    """A message between client and daemon is wrong."""

    code = "protocol"


class LimitExceeded(ProtocolError):
    """A size or a count in a message is larger than allowed."""

    code = "limit"


class VersionMismatch(ProtocolError):
    """Client and daemon speak different versions of the protocol."""

    code = "version"


class Refused(RetouchError):
    """A file or a connection that another user may control is not trusted."""

    code = "refused"


class Superseded(RetouchError):
    """A newer render of the same photo took this one's place."""

    code = "superseded"


class Cancelled(RetouchError):
    """The work was stopped on request; nothing was written."""

    code = "cancelled"
    exit_code = 130
