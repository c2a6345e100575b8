"""The text of systemd's unit files: a unit for a user's own manager, a template for the system's.

Sources: systemd.service(5), systemd.exec(5), systemd.resource-control(5), systemd.syntax(7).
"""

import re
import tempfile
from pathlib import Path

from install.errors import InstallError
from install.service.plan import Service
from retouchml.system.processes import FOREIGN_VARIABLES

_STEPS_SINCE = 254  # RestartSteps= and RestartMaxDelaySec=
_NO_START_LIMIT = "StartLimitIntervalSec=0"

_HEAD = """\
# Made by RetouchML's `python3 install service`, which writes it anew;
# `python3 install uninstall service` removes it.
"""

# how it runs and stops, the same for both
_LIFE_CYCLE = """\
Type=exec
WorkingDirectory=/
UnsetEnvironment={foreign}

# The daemon stops its workers by itself, and gives running jobs three seconds.
KillMode=mixed
TimeoutStopSec=10

# It exits with 0 when it is asked to stop, and with 2 if its options are wrong. If a program has started a
# daemon by itself, this one waits until that has stopped.
Restart=on-failure
RestartPreventExitStatus=2
{back_off}

# If memory runs out, a worker is killed and its job is done again; the daemon stays.
# Address space is not limited: CUDA reserves far more than it uses.
OOMPolicy=continue
MemoryHigh=75%
MemoryMax=85%
TasksMax=4096
# a core file would hold pixels
LimitCORE=0
"""

# filters of the kernel that need no namespaces, and so work in every user's manager
_FILTERS = """\
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies={families}
SystemCallArchitectures=native
# @resources stays: torch and ONNX Runtime bind their threads to cores.
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
# Not MemoryDenyWriteExecute=: CUDA, torch and ONNX Runtime compile code while they run.
"""

# in a user's manager these need a user namespace, which some systems do not grant
SANDBOX = (
    "PrivateUsers=yes",
    "CapabilityBoundingSet=",
    "ProtectSystem=strict",
    "ProtectHome=read-only",
    "ProtectControlGroups=yes",
    "ProtectKernelModules=yes",
)

_SYSTEM_SANDBOX = """\
CapabilityBoundingSet=
AmbientCapabilities=
PrivateUsers=yes
ProtectSystem=strict
# hides all homes, and of /run/user all but the folder with the socket
ProtectHome=tmpfs
BindPaths=/run/user/%i
PrivateTmp=yes
PrivateIPC=yes
RemoveIPC=yes
KeyringMode=private
ProtectProc=invisible
# Not ProcSubset=pid: CUDA reads /proc/driver/nvidia and /proc/devices.
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
# Not PrivateDevices=: the daemon needs the graphics cards, and no other device.
DevicePolicy=closed
DeviceAllow=char-nvidia* rw
DeviceAllow=char-drm rw
DeviceAllow=char-kfd rw
"""


def for_user(service: Service, *, version: int, sandbox: bool) -> str:
    """The unit for the manager of the user who installs.

    version: of systemd
    sandbox: whether that manager can make the namespaces that hide and write-protect folders
    """
    lines = [_HEAD, "[Unit]", "Description=RetouchML, which retouches faces for image editors"]
    lines += [_NO_START_LIMIT, "", "[Service]", _command(service)]
    lines += [f"Environment={quoted(f'{name}={value}')}" for name, value in service.environment.items()]
    lines += [_life_cycle(version), _FILTERS.format(families=_families(service.tcp))]
    if service.home is None:
        # made at every start, since log-out removes it; kept when the daemon stops, for its log
        lines += ["RuntimeDirectory=retouchml", "RuntimeDirectoryMode=0700", "RuntimeDirectoryPreserve=yes"]
    if sandbox:
        lines += ["", *SANDBOX, *_writable(service)]
        if service.home is None:
            # XDG_RUNTIME_DIR has to look writable, or the daemon would listen elsewhere. It holds nothing but
            # the socket's folder, so that the session's bus, which starts any program, cannot be reached
            lines += ["TemporaryFileSystem=%t:mode=0700", "BindPaths=%t/retouchml"]
    return "\n".join([*lines, "", "[Install]", "WantedBy=default.target", ""])


def for_system(service: Service, shared_data: Path, *, version: int) -> str:
    """The template for the system's manager; its instances are named by the users' numbers.

    shared_data: the folder above ``retouchml`` with the models, outside all homes
    """
    lines = [_HEAD, "[Unit]", "Description=RetouchML for user %i", _NO_START_LIMIT]
    # the folder of the user's sockets, made without a log-in
    lines += ["Requires=user-runtime-dir@%i.service", "After=user-runtime-dir@%i.service"]
    # CUDA does not start without this module, and the daemon has no right to load it
    lines += ["Wants=modprobe@nvidia_uvm.service", "After=modprobe@nvidia_uvm.service"]
    lines += ["", "[Service]", "User=%i"]
    lines += ["ExecStartPre=-+/usr/bin/nvidia-modprobe -u -c 0", _command(service)]
    lines += ["CacheDirectory=retouchml/%i", "CacheDirectoryMode=0700"]
    environment = {"XDG_DATA_HOME": str(shared_data), "PYTHONSAFEPATH": "1"}
    lines += [f"Environment={quoted(f'{name}={value}')}" for name, value in environment.items()]
    lines += ["Environment=XDG_RUNTIME_DIR=/run/user/%i XDG_CACHE_HOME=%C/retouchml/%i"]
    lines += ["Environment=XDG_CONFIG_HOME=%C/retouchml/%i CUDA_CACHE_PATH=%C/retouchml/%i/cuda"]
    lines += [_life_cycle(version), _FILTERS.format(families=_families(service.tcp)), _SYSTEM_SANDBOX]
    if not service.tcp:
        lines += ["PrivateNetwork=yes", "IPAddressDeny=any"]
    # in newer versions the last log-out removes that folder and stops the daemon; the next log-in starts both
    wanted_by = "WantedBy=multi-user.target user-runtime-dir@%i.service"
    return "\n".join([*lines, "", "[Install]", wanted_by, ""])


def version_in(text: str) -> int:
    """The major version in systemd's own text, such as "252.38-1~deb12u1" or "v255.4"; 0 if there is none."""
    digits = re.match(r"v?(\d+)", text.strip())
    return int(digits[1]) if digits else 0


def quoted(text: str) -> str:
    """``text`` as one word of a unit file's value, with everything escaped."""
    escapes = {"\\": "\\\\", '"': '\\"', "%": "%%", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(escapes.get(letter, letter) for letter in text) + '"'


def _command(service: Service) -> str:
    python = str(service.python)
    # systemd refuses a program whose path contains one of these; env reads one with a "=" as a variable
    needs_env = any(letter in "\"'\\" for letter in python)
    if needs_env and "=" in python:
        raise InstallError(
            f"systemd cannot start {python}.", "Move the checkout to a path without quotes, or without =."
        )
    words = [*(["/usr/bin/env"] if needs_env else []), python, *service.arguments]
    # after ":" systemd expands no variables
    return "ExecStart=:" + " ".join(map(quoted, words))


def _life_cycle(version: int) -> str:
    delays = ["RestartSec=30"]
    if version >= _STEPS_SINCE:
        delays = ["RestartSec=2", "RestartSteps=6", "RestartMaxDelaySec=300"]
    return _LIFE_CYCLE.format(foreign=" ".join(FOREIGN_VARIABLES), back_off="\n".join(delays))


def _families(tcp: bool) -> str:
    # AF_NETLINK: ZeroMQ looks up the names of network interfaces before it listens
    return "AF_UNIX AF_INET AF_INET6 AF_NETLINK" if tcp else "AF_UNIX"


def _writable(service: Service) -> list[str]:
    shared = [Path(name).resolve() for name in ("/tmp", "/var/tmp", tempfile.gettempdir())]  # noqa: S108
    needed = [folder.resolve() for folder in (*service.folders, service.python.parent)]
    # a private /tmp would hide an interpreter in /tmp from the daemon, or a socket there from its clients
    needs_shared = any(folder.is_relative_to(place) for folder in needed for place in shared)
    temporary = ["ReadWritePaths=/tmp"] if needs_shared else ["PrivateTmp=yes"]
    return [*temporary, *(f"ReadWritePaths={quoted(str(folder))}" for folder in service.folders)]
