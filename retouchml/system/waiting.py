"""How the threads of torch, OpenCV and others wait for each other: asleep, after the shortest spin.

Where each thread has a core to itself, spinning saves the time to wake up. Where other programs have the
cores, too, a thread spins away the time in which the one that it waits for could run. The environment is
read once, when the library is loaded, so this comes before torch is imported. No result depends on it.
"""

import os

_VARIABLES = {
    "GOMP_SPINCOUNT": "1000",  # GCC's, in torch for Linux; its own figure where threads outnumber cores
    "KMP_BLOCKTIME": "1",  # milliseconds; LLVM's and Intel's, in torch for macOS and Windows
}
_POLICY = "OMP_WAIT_POLICY"


def spin_briefly() -> None:
    """Set it for this process and its children, unless the user has chosen how threads wait."""
    if _POLICY in os.environ:
        return
    for name, value in _VARIABLES.items():
        os.environ.setdefault(name, value)
