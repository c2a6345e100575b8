"""The text of systemd's unit files: one for a user's own manager, a template for the system's.

Sources: systemd.service(5), systemd.exec(5), systemd.resource-control(5), systemd.syntax(7).
"""

import re
import tempfile
from pathlib import Path

from install.problem import Problem
from install.service.plan import Service
from retouchml.system.processes import FOREIGN_VARIABLES

_STEPS_SINCE = 254  # RestartSteps= and RestartMaxDelaySec=

_HEAD = """\
# Made by RetouchML's `python3 install service`, which writes it anew;
# `python3 install uninstall service` removes it.
"""

# how it runs and ends, the same for both
_COURSE = """\
Type=exec
WorkingDirectory=/
UnsetEnvironment={foreign}

# The daemon ends its workers by itself, and gives running work three seconds.
KillMode=mixed
TimeoutStopSec=10

# It leaves with 0 when asked to, and 2 means that its options are wrong. Where a program has started a daemon
# by itself, this one waits for that to leave.
Restart=on-failure
RestartPreventExitStatus=2
{back_off}

# Where memory runs out, a worker dies and its job is done again; the daemon stays.
# Address space is not limited: CUDA reserves far more than it uses.
OOMPolicy=continue
MemoryHigh=75%
MemoryMax=85%
TasksMax=4096
# a core file would hold pixels
LimitCORE=0
"""

# what the kernel does without namespaces, so that it holds in every user's manager
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

# these need a user namespace in a user's manager, which some systems do not grant
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
# no home is seen, and of /run/user the one folder with the socket
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
# Not PrivateDevices=: the graphics cards are wanted, and nothing else.
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
    lines += [_never_give_up(), "", "[Service]", _command(service)]
    lines += [f"Environment={quoted(f'{name}={value}')}" for name, value in service.environment.items()]
    lines += [_course(version), _FILTERS.format(families=_families(service.tcp))]
    if service.home is None:
        # made at every start, since it goes at log-out; kept when the daemon leaves, for its log
        lines += ["RuntimeDirectory=retouchml", "RuntimeDirectoryMode=0700", "RuntimeDirectoryPreserve=yes"]
    if sandbox:
        lines += ["", *SANDBOX, *_writable(service)]
        if service.home is None:
            # XDG_RUNTIME_DIR has to look writable, or the daemon would listen elsewhere; with nothing in it
            # but the socket's folder, the session's bus, which would start anything, is out of reach
            lines += ["TemporaryFileSystem=%t:mode=0700", "BindPaths=%t/retouchml"]
    return "\n".join([*lines, "", "[Install]", "WantedBy=default.target", ""])


def for_system(service: Service, shared_data: Path, *, version: int) -> str:
    """The template for the system's manager; its instances are called by the users' numbers.

    shared_data: the folder above ``retouchml`` with the models, outside all homes
    """
    lines = [_HEAD, "[Unit]", "Description=RetouchML for user %i", _never_give_up()]
    # the folder of the user's sockets, there without a log-in
    lines += ["Requires=user-runtime-dir@%i.service", "After=user-runtime-dir@%i.service"]
    # without privileges the daemon cannot load it, and CUDA does not start without
    lines += ["Wants=modprobe@nvidia_uvm.service", "After=modprobe@nvidia_uvm.service"]
    lines += ["", "[Service]", "User=%i"]
    lines += ["ExecStartPre=-+/usr/bin/nvidia-modprobe -u -c 0", _command(service)]
    lines += ["CacheDirectory=retouchml/%i", "CacheDirectoryMode=0700"]
    environment = {"XDG_DATA_HOME": str(shared_data), "PYTHONSAFEPATH": "1"}
    lines += [f"Environment={quoted(f'{name}={value}')}" for name, value in environment.items()]
    lines += ["Environment=XDG_RUNTIME_DIR=/run/user/%i XDG_CACHE_HOME=%C/retouchml/%i"]
    lines += ["Environment=XDG_CONFIG_HOME=%C/retouchml/%i CUDA_CACHE_PATH=%C/retouchml/%i/cuda"]
    lines += [_course(version), _FILTERS.format(families=_families(service.tcp)), _SYSTEM_SANDBOX]
    if not service.tcp:
        lines += ["PrivateNetwork=yes", "IPAddressDeny=any"]
    # in newer versions a last log-out ends that folder, and the daemon with it; the next log-in starts both
    wanted = "WantedBy=multi-user.target user-runtime-dir@%i.service"
    return "\n".join([*lines, "", "[Install]", wanted, ""])


def version_in(text: str) -> int:
    """The major version in what systemd says of itself: "252.38-1~deb12u1", "v255.4"; 0 for anything else."""
    digits = re.match(r"v?(\d+)", text.strip())
    return int(digits[1]) if digits else 0


def quoted(text: str) -> str:
    """``text`` as one word of a unit file's value, whatever is in it."""
    escapes = {"\\": "\\\\", '"': '\\"', "%": "%%", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(escapes.get(letter, letter) for letter in text) + '"'


def _command(service: Service) -> str:
    python = str(service.python)
    # systemd refuses a program whose path holds one of these; env takes it for a variable if it holds a "="
    needs_env = any(letter in "\"'\\" for letter in python)
    if needs_env and "=" in python:
        raise Problem(
            f"systemd cannot start {python}.", "Move the checkout to a path without quotes, or without =."
        )
    words = [*(["/usr/bin/env"] if needs_env else []), python, *service.arguments]
    # after ":" a dollar sign is a dollar sign
    return "ExecStart=:" + " ".join(map(quoted, words))


def _course(version: int) -> str:
    delays = ["RestartSec=30"]
    if version >= _STEPS_SINCE:
        delays = ["RestartSec=2", "RestartSteps=6", "RestartMaxDelaySec=300"]
    return _COURSE.format(foreign=" ".join(FOREIGN_VARIABLES), back_off="\n".join(delays))


def _never_give_up() -> str:
    return "StartLimitIntervalSec=0"


def _families(tcp: bool) -> str:
    # AF_NETLINK: ZeroMQ looks up the names of network interfaces before it listens
    return "AF_UNIX AF_INET AF_INET6 AF_NETLINK" if tcp else "AF_UNIX"


def _writable(service: Service) -> list[str]:
    shared = [Path(name).resolve() for name in ("/tmp", "/var/tmp", tempfile.gettempdir())]  # noqa: S108
    ours = [folder.resolve() for folder in (*service.folders, service.python.parent)]
    # a socket or an interpreter in /tmp would be hidden from the one side or the other
    is_in_shared = any(folder.is_relative_to(place) for folder in ours for place in shared)
    temporary = ["ReadWritePaths=/tmp"] if is_in_shared else ["PrivateTmp=yes"]
    return [*temporary, *(f"ReadWritePaths={quoted(str(folder))}" for folder in service.folders)]
