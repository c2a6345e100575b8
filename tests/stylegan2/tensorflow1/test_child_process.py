"""The child process: what it refuses, how it ends, and what its parent reports then."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest
import torch

import stylegan2
from retouchml.errors import DeviceError, ModelMissing, UsageError
from stylegan2.tensorflow1 import child_process
from stylegan2.tensorflow1.generator import TensorFlow1Generator
from stylegan2.tensorflow1.py37 import messages, serve
from tests.conftest import at_home
from tests.stylegan2 import test_parity as reference

ROOT = Path(__file__).parents[3]
NETWORK = reference._TRIMMED / "tf32_skip_as_rosinality.pt"
SECONDS = 120.0


@pytest.fixture(scope="module")
def generator(tensorflow1_home: Path) -> Iterator[TensorFlow1Generator]:
    with at_home(tensorflow1_home):
        loaded = stylegan2.load(NETWORK, "cpu", engine="tensorflow1")
    assert isinstance(loaded, TensorFlow1Generator)
    yield loaded
    loaded.child.close()


@pytest.fixture
def w_plus(generator: TensorFlow1Generator) -> torch.Tensor:
    return torch.zeros(1, generator.num_layers, generator.w_dim)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def process(generator: TensorFlow1Generator) -> "subprocess.Popen[bytes]":
    started = generator.child._process
    assert started is not None
    return started


def test_a_killed_child_is_one_clear_error_and_the_next_call_starts_another(
    generator: TensorFlow1Generator, w_plus: torch.Tensor
) -> None:
    before = generator.synthesize(w_plus)
    first = process(generator)
    # Stopped, so that it dies over the request and not before.
    first.send_signal(signal.SIGSTOP)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generator.child, "request_seconds", 0.5)
        with pytest.raises(DeviceError, match=r"no answer in 0\.5 seconds"):
            generator.synthesize(w_plus)
    assert first.poll() is not None
    assert torch.equal(generator.synthesize(w_plus), before)
    assert generator.child.pid != first.pid


def test_a_child_that_dies_on_its_own_is_started_again(
    generator: TensorFlow1Generator, w_plus: torch.Tensor
) -> None:
    before = generator.synthesize(w_plus)
    first = process(generator)
    first.kill()
    first.wait()
    assert torch.equal(generator.synthesize(w_plus), before)


@pytest.mark.parametrize(
    "content",
    [b"garbage that is no header", b"RTF1" + (1 << 40).to_bytes(8, "little")],
    ids=["noise", "huge"],
)
def test_a_child_leaves_when_the_pipe_holds_nonsense(
    content: bytes, generator: TensorFlow1Generator, w_plus: torch.Tensor
) -> None:
    generator.child.start()
    started = process(generator)
    assert started.stdin is not None
    started.stdin.write(content)
    started.stdin.flush()
    assert started.wait(SECONDS) == 3
    assert "The pipe is broken" in generator.child._last_error_line()
    assert generator.synthesize(w_plus).shape == (1, 3, 32, 32)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"op": "exec"}, "no operation"),
        ({"noise": "loud"}, "noise must be"),
        ({"noise": 3}, "missing"),
        ({"seed": 1 << 31}, "31 bits"),
        ({"factor": 3}, "divide"),
        ({"factor": 0}, "divide"),
        ({"w_plus": None}, "no array"),
        ({"w_plus": {"type": "<f4", "shape": [1, 2, 3], "data": bytes(24)}}, "w_plus must be"),
        ({"w_plus": {"type": "<f4", "shape": [0, 8, 64], "data": b""}}, "1 to 64 samples"),
    ],
)
def test_a_senseless_request_is_refused_and_the_child_lives_on(
    change: dict[str, Any], why: str, generator: TensorFlow1Generator, w_plus: torch.Tensor
) -> None:
    generator.child.start()
    pid = generator.child.pid
    good = {
        "op": "synthesize",
        "noise": "const",
        "seed": 0,
        "factor": 1,
        "w_plus": messages.pack_array(w_plus.numpy()),
    }
    with pytest.raises(UsageError, match=why):
        generator.child.ask({**good, **change})
    assert generator.child.pid == pid


def test_a_request_that_is_too_large_is_refused_and_the_child_lives_on(
    generator: TensorFlow1Generator, w_plus: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = generator.synthesize(w_plus)
    pid = generator.child.pid
    with monkeypatch.context() as patch:
        patch.setattr(messages, "LIMIT", 1000)
        with pytest.raises(UsageError, match=r"too much at once.* 1000 are allowed"):
            generator.synthesize(w_plus)
    assert torch.equal(generator.synthesize(w_plus), before)
    assert generator.child.pid == pid


def test_an_answer_that_is_too_large_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "LIMIT", 1000)
    stream = io.BytesIO()
    serve._reply(stream, {"ok": bytes(1001)})
    stream.seek(0)
    answer = messages.read(stream)
    assert answer is not None
    assert answer["error"]["kind"] == "usage"
    assert "1000 are allowed" in answer["error"]["message"]


def test_a_network_that_is_too_large_for_the_pipe_is_refused_and_no_process_stays(
    tensorflow1_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[subprocess.Popen[bytes]] = []
    finish = child_process._finish

    def noted(child: "subprocess.Popen[bytes]", errors: IO[bytes]) -> None:
        ended.append(child)
        finish(child, errors)

    monkeypatch.setattr(child_process, "_finish", noted)
    monkeypatch.setattr(messages, "LIMIT", 1000)
    with at_home(tensorflow1_home), pytest.raises(UsageError, match="too much at once"):
        stylegan2.load(NETWORK, "cpu", engine="tensorflow1")
    assert [process.returncode for process in ended] == [-signal.SIGKILL]


def test_a_broken_off_exchange_leaves_no_answer_for_the_next(
    generator: TensorFlow1Generator, w_plus: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = generator.synthesize(w_plus)
    first = process(generator)

    def interrupted(_stream: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(messages, "read", interrupted)
        with pytest.raises(KeyboardInterrupt):
            generator.synthesize(w_plus + 1.0)
    assert first.poll() is not None
    assert torch.equal(generator.synthesize(w_plus), before)


def test_shapes_that_do_not_fit_are_refused(generator: TensorFlow1Generator) -> None:
    with pytest.raises(UsageError, match="z must be"):
        generator.map(torch.zeros(1, 3))
    with pytest.raises(UsageError, match="does not fit"):
        generator.synthesize(torch.zeros(1, 3, 64))
    with pytest.raises(UsageError, match="powers of two"):
        generator.synthesize(torch.zeros(1, generator.num_layers, generator.w_dim), 24)


_PARENT = """
import sys, time
import stylegan2
generator = stylegan2.load(sys.argv[1], "cpu", engine="tensorflow1")
print(generator.child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes as Linux shows them")
def test_the_child_ends_with_a_parent_that_is_killed_and_neither_leaves_a_file(
    tensorflow1_home: Path, tmp_path: Path
) -> None:
    own = {"RETOUCHML_HOME": str(tensorflow1_home), "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    environment = os.environ | own
    command = [sys.executable, "-c", _PARENT, str(NETWORK)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not is_gone(pid)
        parent.kill()
    wait_until(lambda: is_gone(pid))
    assert list(tmp_path.iterdir()) == []


def test_a_gpu_that_tensorflow_does_not_see_is_refused(
    tensorflow1_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    with at_home(tensorflow1_home), pytest.raises(DeviceError, match="sees no GPU"):
        stylegan2.load(NETWORK, "cuda", engine="tensorflow1")


def test_the_mobile_network_is_refused_and_a_missing_file_is_missing(real_home: Path) -> None:
    with at_home(real_home), pytest.raises(UsageError, match="no StyleGAN2 network") as refused:
        stylegan2.load("ffhq-mobile", engine="tensorflow1")
    assert "--engine torch" in refused.value.advice
    with pytest.raises(ModelMissing):
        stylegan2.load(Path("gone.pkl"), engine="tensorflow1")
