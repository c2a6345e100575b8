"""Converts the default models anew from their own sources, as everybody does who has no address of models.

So the files of a release are those that this version makes, and not what an older one left on the machine.
"""

import tomllib
from pathlib import Path

from install import processes
from install.checkout import ZOO
from install.console import Tick
from install.errors import InstallError

_ADDRESS = "RETOUCHML_MODELS_URL"
# The statistics of a latent space are sums of many products, whose order is that of threads and instructions:
# one thread, and what every x86 processor has (MKL's "Conditional Numerical Reproducibility").
_SAME_EVERYWHERE = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MKL_CBWR": "COMPATIBLE",
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
}


def convert(home: Path, python: Path, tick: Tick = lambda: None) -> Path:
    """Fetch and convert them below ``home``, an empty RETOUCHML_HOME; the folder of models there.

    python: of the environment that has RetouchML. Raises InstallError.
    """
    rows = tomllib.loads(ZOO.read_text(encoding="utf-8"))["model"]
    names = [row["name"] for row in rows if row.get("default") and row.get("converter")]
    if names:
        environment = processes.environment(RETOUCHML_HOME=str(home), **_SAME_EVERYWHERE)
        environment.pop(_ADDRESS, None)  # there they are converted already
        command = [python, "-m", "retouchml", "models", "fetch", "--quiet", *names]
        outcome = processes.run(command, tick, environment)
        if outcome.code != 0:
            raise InstallError(
                f"The models {', '.join(names)} could not be converted anew: {outcome.last_line}",
                "`python3 install release --without-models` leaves them out.",
            )
    return home / "data" / "models"
