"""The command of the service, as the daemon reads it."""

import argparse
from typing import Any

import pytest

from daemon import options
from daemon.options import DaemonOptions
from install.service import plan


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, DaemonOptions(service=True)),
        (
            {"device": "cpu", "keep_alive": -1.0},
            DaemonOptions(device="cpu", keep_alive=-60, service=True),
        ),
        (
            {"device": "cuda", "precision": "float32"},
            DaemonOptions(device="cuda", precision="float32", service=True),
        ),
        ({"tcp": "127.0.0.1:5555"}, DaemonOptions(tcp="127.0.0.1:5555", service=True)),
    ],
)
def test_the_daemon_understands_the_services_options_and_has_no_idle_exit(
    given: dict[str, Any], expected: DaemonOptions
) -> None:
    absent = dict.fromkeys(("device", "precision", "keep_alive", "tcp"))
    arguments = argparse.Namespace(**{**absent, **given})
    module, name, *rest = plan.daemon_arguments(arguments)
    assert (module, name) == ("-m", "daemon")
    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    options.add_run_arguments(parser)
    understood = options.from_arguments(parser.parse_args(rest))
    assert understood == expected
    assert understood.idle_exit is None
