import subprocess
import sys
import time
from pathlib import Path

import pytest

from retouchml import paths
from retouchml.errors import UsageError
from tests.daemon.running import environment, needs_posix


@pytest.mark.parametrize("minutes", ["nan", "inf"])
@pytest.mark.parametrize("option", ["--keep-alive", "--idle-exit"])
def test_minutes_that_are_no_number_are_refused(option: str, minutes: str) -> None:
    import argparse

    from daemon import options

    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    with pytest.raises(UsageError, match=option):
        options.from_arguments(parser.parse_args([option, minutes]))


@needs_posix
@pytest.mark.parametrize("address", ["nowhere", "nowhere.invalid:5000", "1.2.3.4:70000", "[::1]:5000", ":1"])
def test_a_tcp_address_that_is_none_is_said_before_anything_is_started(home: Path, address: str) -> None:
    command = [sys.executable, "-m", "retouchml", "daemon", "restart", "--tcp", address]
    begun = time.monotonic()
    ran = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert time.monotonic() - begun < 10
    assert "127.0.0.1:5555" in ran.stderr
    assert not paths.runtime_dir().exists()
