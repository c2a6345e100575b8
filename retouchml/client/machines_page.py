"""The part of an editor's settings that says which machine does the work, whatever draws it.

This machine, or one of ``remotes``. An editor adds one from its invitation file, so nobody needs a terminal,
and neither the engine nor its models have to be on this machine. What is returned is in the user's language.
"""

from dataclasses import dataclass
from pathlib import Path

from retouchml import __version__, paths, settings
from retouchml.client import connection_file, host_port, launch, remotes
from retouchml.client.client import Client
from retouchml.client.placed_commands import explain
from retouchml.client.settings_page import Choice, load
from retouchml.errors import DaemonLost, NameUnknown, Refused, RetouchError, UsageError, VersionMismatch
from retouchml.settings import Settings
from retouchml.system.failures import unexpected
from retouchml.system.file_names import SETTINGS
from retouchml.translation import decimal, joined, marked, translated

MACHINE = "remote"
"""The setting, and the name of its choice."""
FALLBACK = "remote_fallback"
TITLE = marked("Where the work is done")
FALLBACK_TITLE = marked("If it does not answer, this machine does the work")
ADD = marked("Add a machine…")
ADD_TIP = marked("With the invitation file that whoever runs the other machine gave you")
TEST = marked("Test")
TEST_TIP = marked("Ask whether it answers, and how fast")
FORGET = marked("Forget")
FORGET_TIP = marked("Delete its entry here, with the key")
NAME = marked("Name")
ADDRESS = marked("Address")
ADDRESS_TIP = marked("Host or number, and port, such as gpu.example.org:5555")
INVITATION_FILES = marked("Invitation files")
_HERE = marked("This machine")
_TESTING = marked("Asking {name}…")
_NEW_FILE = marked("Ask for a new invitation file there, forget this entry, and add the file.")
_IS_IT_UP = marked("See that RetouchML's daemon runs there, and that both machines are on the network.")
_MEANWHILE = marked("This machine does the work meanwhile.")
_SAME_VERSION = marked("Both machines need the same version of RetouchML.")
_DEFAULT_NAME = "studio"
_NAMES = 99


@dataclass(frozen=True)
class Invitation:
    """An invitation file, and what to propose for it. address: HOST:PORT, "" if the file does not say one"""

    file: Path
    name: str
    address: str


@dataclass(frozen=True)
class Said:
    """A sentence for the person, and whether it tells of trouble."""

    sentence: str
    is_error: bool = False


def choice(stored: Settings) -> Choice:
    """This machine, the others by name and address, and the one in use."""
    values = {"": translated(_HERE)}
    for name in remotes.names():
        address = remotes.address_or_nothing(name)
        values[name] = f"{name} ({address})" if address else name
    values.setdefault(stored.remote, stored.remote)
    return Choice(MACHINE, TITLE, tuple(values.items()), stored.remote)


def use(name: str) -> Said:
    """Let a machine do the work from now on. name: "" for this one"""
    try:
        settings.store(paths.config_dir() / SETTINGS, MACHINE, name or None)
    except RetouchError as error:
        return Said(explain(error), is_error=True)
    if not name:
        return Said(translated("This machine does the work now."))
    where = remotes.address_or_nothing(name) or name
    return Said(
        translated("{name} does the work now: layers are sent to {address}.").format(name=name, address=where)
    )


def fall_back(*, falls_back: bool) -> Said:
    """Keep whether this machine does the work while the chosen one does not answer."""
    try:
        settings.store(paths.config_dir() / SETTINGS, FALLBACK, falls_back or None)
    except RetouchError as error:
        return Said(explain(error), is_error=True)
    return Said("")


def read(file: Path) -> Invitation:
    """What a file invites to, with a name that is free. Raises Refused."""
    endpoint = connection_file.read_invitation(file).endpoint
    is_nowhere, known = remotes.is_nowhere(endpoint), remotes.names()
    host = "" if is_nowhere else host_port.of_endpoint(endpoint)[0]
    proposals = [host.lower().partition(".")[0]] if host and host_port.is_name(host) else []
    proposals += [_DEFAULT_NAME, *(f"{_DEFAULT_NAME}-{number}" for number in range(2, _NAMES))]
    free = (name for name in proposals if remotes.is_name(name) and name not in known)
    return Invitation(file, next(free, ""), "" if is_nowhere else endpoint.removeprefix("tcp://"))


def add(invitation: Invitation) -> Said:
    """Keep it, and let that machine do the work from now on."""
    try:
        if invitation.name in remotes.names():
            raise UsageError(
                f"There is a machine called {invitation.name} already.",
                "Choose another name, or forget that one first.",
            )
        if not invitation.address.strip():
            raise UsageError("The file does not say at which address the other machine is.", "Type it.")
        remotes.add(invitation.file, invitation.name, invitation.address.strip())
    except RetouchError as error:
        return Said(explain(error), is_error=True)
    return use(invitation.name)


def forget(name: str) -> Said:
    """Delete the entry of a machine; this one does the work then."""
    try:
        remotes.remove(name)
    except RetouchError as error:
        return Said(explain(error), is_error=True)
    return use("")


def testing(name: str) -> str:
    """That it is being asked."""
    return translated(_TESTING).format(name=name)


def test(name: str, editor: str) -> Said:
    """How a machine answers, or why it does not. It may take seconds: call it in a thread of its own."""
    try:
        answer = remotes.test(name, f"{editor} (test)")
    except RetouchError as error:
        return Said(_explained(error), is_error=True)
    except Exception as error:  # the thread's only way to say it
        return Said(unexpected(error, translated), is_error=True)
    devices = ", ".join(answer.devices)
    milliseconds = decimal(answer.milliseconds, 1)
    sentence = f"{name} answers within {milliseconds} ms: version {answer.software}, {devices}."
    if answer.software == __version__:
        return Said(translated(sentence))
    trouble = f"The work needs the same version on both machines, and this one has {__version__}."
    return Said(joined(sentence, trouble), is_error=True)


def chosen() -> str:
    """The name of the other machine that does the work; "" for this one."""
    return load()[0].remote


def in_use() -> "tuple[str, bool, str]":
    """What decides where the work is done, and by whose taste: when it changes, photos are opened again."""
    stored = load()[0]
    return stored.remote, bool(stored.remote) and stored.remote_fallback, scorer()


def scorer() -> str:
    """Whose taste strength follows in the photos of an editor; "" for the default of what does the work.

    Another machine has tastes of its own.
    """
    stored = load()[0]
    return "" if stored.remote else stored.scorer


def is_alone() -> bool:
    """Whether another machine does the work, and none of RetouchML's engine is on this one."""
    if not chosen():
        return False
    try:
        launch.find_interpreter()
    except RetouchError:
        return True
    return False


def new_client(editor: str, *, start: bool = True) -> Client:
    """A client, not connected yet, of the machine that does the work.

    editor: its name, for the log over there; start: start the daemon of this machine if none runs
    """
    stored = load()[0]
    file = remotes.file(stored.remote) if stored.remote else None
    return Client(
        start=start,
        name=editor,
        same_version=True,
        connection_file=file,
        falls_back=stored.remote_fallback,
    )


def at_work(client: Client) -> Said:
    """Which machine a connected client's work is done on, if that is not simply this one."""
    if client.fallback_reason is not None:
        return Said(joined(client.fallback_reason.message, _MEANWHILE), is_error=True)
    if not client.remote:
        return Said("")
    return Said(translated("{name} does the work.").format(name=client.remote))


def _explained(error: RetouchError) -> str:
    """An error of a connection, with what to do in an editor rather than in a terminal."""
    if isinstance(error, Refused):
        return joined(error.message, _NEW_FILE)
    if isinstance(error, DaemonLost) and not isinstance(error, NameUnknown):
        return joined(error.message, _IS_IT_UP)
    if isinstance(error, VersionMismatch):
        return joined(error.message, _SAME_VERSION)
    return explain(error)
