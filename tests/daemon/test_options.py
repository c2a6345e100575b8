import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from daemon import options
from daemon.options import DaemonOptions
from retouchml import paths
from retouchml.errors import UsageError
from tests.daemon.running import environment, needs_posix


@pytest.mark.parametrize("minutes", ["nan", "inf"])
@pytest.mark.parametrize("option", ["--keep-alive", "--idle-exit"])
def test_minutes_that_are_no_number_are_refused(option: str, minutes: str) -> None:
    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    with pytest.raises(UsageError, match=option):
        options.from_arguments(parser.parse_args([option, minutes]))


@needs_posix
@pytest.mark.parametrize("address", ["nowhere", "nowhere.invalid:5000", "1.2.3.4:70000", "::1:5000", ":1"])
def test_a_tcp_address_that_is_none_is_said_before_anything_is_started(home: Path, address: str) -> None:
    command = [sys.executable, "-m", "retouchml", "daemon", "restart", "--tcp", address]
    ran = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert "127.0.0.1:5555" in ran.stderr
    assert not paths.runtime_dir().exists()


def options_of(*arguments: str) -> DaemonOptions:
    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    return options.from_arguments(parser.parse_args(arguments))


def test_precision_comes_from_the_option_or_config_toml_and_reaches_the_daemon_that_is_started(
    home: Path,
) -> None:
    assert options_of().precision == "auto"
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text('precision = "bfloat16"\n')
    assert options_of().precision == "bfloat16"
    assert options_of("--precision", "float16").precision == "float16"
    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    again = options.as_command_line(parser.parse_args(["--precision", "float32"]))
    assert options_of(*again).precision == "float32"


@pytest.mark.parametrize("device", ["cpu", "cuda:0,cpu"])
def test_a_daemon_on_the_cpu_in_half_precision_is_refused_before_it_starts(device: str) -> None:
    with pytest.raises(UsageError, match="The device cpu does not compute in float16"):
        options_of("--device", device, "--precision", "float16")
    assert options_of("--device", device, "--precision", "float32").device == device


@pytest.mark.parametrize(
    ("stored", "line", "seconds"),
    [("", [], 600.0), ("keep_alive = 3", [], 180.0), ("keep_alive = 3", ["--keep-alive=-1"], -60.0)],
)
def test_how_long_models_stay_is_the_option_s_then_the_setting_s(
    home: Path, stored: str, line: list[str], seconds: float
) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(stored)
    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    assert options.from_arguments(parser.parse_args(line)).keep_alive == seconds


@pytest.mark.parametrize("option", ["--tcp", "--advertise", "--metrics"])
def test_an_address_without_content_is_refused_and_not_passed_over(option: str, home: Path) -> None:
    with pytest.raises(UsageError):
        options_of("--tcp=127.0.0.1:0", f"{option}=")
