"""The pool of processes, interrupted as by a terminal."""

import os
import signal
import subprocess

import pytest

from tests.retouchml.running import environment, python

PATIENCE = 120  # seconds


INTERRUPTED = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it
from pipeline.training.worker_pool import worker_pool
try:
    with worker_pool(2) as pool:
        pending = pool.map_async(time.sleep, [1000, 1000], chunksize=1)
        if sys.argv[1] == "at work":
            time.sleep(1.0)
        print("ready", flush=True)
        pending.get()
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a signal to a process group, as a terminal does")
@pytest.mark.parametrize("moment", ["starting", "at work"])
def test_ctrl_c_ends_all_processes_without_a_word(moment: str) -> None:
    with subprocess.Popen(
        python(INTERRUPTED, moment),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            os.killpg(child.pid, signal.SIGINT)
            _, err = child.communicate(timeout=PATIENCE)
        finally:
            child.kill()
    assert (child.returncode, err) == (130, "")
