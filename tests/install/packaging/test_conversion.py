"""What a release converts has the same bytes with other threads and fewer instructions, on this processor."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from install import processes
from install.packaging import conversion

pytestmark = pytest.mark.slow

_STATISTICS = """
import hashlib, sys
from safetensors.torch import load_file
from stylegan2.mobile.convert import latent_space

weights = load_file(sys.argv[1])
mapping = {name.removeprefix("mapping."): weights[name] for name in weights if name.startswith("mapping.")}
total = hashlib.sha256()
for _name, value in sorted(latent_space(mapping).tensors().items()):
    total.update(value.numpy().tobytes())
print(total.hexdigest())
"""


@pytest.mark.skipif(
    sys.platform == "win32" or platform.machine().lower() not in ("x86_64", "amd64"),
    reason="made for x86, and not tried on Windows",
)
def test_the_statistics_of_the_default_generator_do_not_depend_on_threads_and_newer_instructions_of_x86(
    real_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = real_home / "data" / "models" / "ffhq-mobile" / "ffhq-mobile.safetensors"
    asked: dict[str, str] = {}

    def run(
        _command: Sequence[str | Path], _tick: object, env: Mapping[str, str], **_: Any
    ) -> processes.Outcome:
        asked.update(env)
        return processes.Outcome(0, "")

    monkeypatch.setattr(processes, "run", run)
    digests = set()
    # threads, and the instructions of Intel's library for matrices
    for threads, instructions in (("1", ""), ("2", "SSE4_2")):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        monkeypatch.setenv("MKL_ENABLE_INSTRUCTIONS", instructions)
        conversion.convert(tmp_path, Path(sys.executable))
        command = [sys.executable, "-c", _STATISTICS, os.fspath(file)]
        ran = subprocess.run(command, env=asked, capture_output=True, text=True, check=True)
        digests.add(ran.stdout.strip())
    assert len(digests) == 1
