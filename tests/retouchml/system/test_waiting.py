"""Threads that wait for each other do not spin away the cores of a busy machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from retouchml.system.waiting import spin_briefly

ROOT = Path(__file__).parents[3]
_POLICIES = ("GOMP_SPINCOUNT", "KMP_BLOCKTIME", "OMP_WAIT_POLICY")


@pytest.mark.slow
@pytest.mark.parametrize("module", ["stylegan2.loading", "pipeline.networks", "pipeline.retoucher"])
def test_it_is_set_before_torch_is_loaded(module: str) -> None:
    code = f"""
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print(name, os.environ.get("GOMP_SPINCOUNT"), os.environ.get("KMP_BLOCKTIME"))
sys.meta_path.insert(0, Watch())
import {module}
"""
    environment = {name: value for name, value in os.environ.items() if name not in _POLICIES}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout
    assert {line.partition(" ")[2] for line in ran.stdout.splitlines()} == {"1000 1"}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"OMP_WAIT_POLICY": "active"}, {"OMP_WAIT_POLICY": "active"}),
        ({"GOMP_SPINCOUNT": "5"}, {"GOMP_SPINCOUNT": "5", "KMP_BLOCKTIME": "1"}),
        ({}, {"GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "1"}),
    ],
)
def test_what_the_user_chose_stays(
    chosen: dict[str, str], expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in _POLICIES:
        monkeypatch.delenv(name, raising=False)
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    spin_briefly()
    assert {name: os.environ[name] for name in _POLICIES if name in os.environ} == expected
