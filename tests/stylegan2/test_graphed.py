"""When a recording is made, replayed and dropped. What records here is ``make_fx`` instead of a GPU.

Like a CUDA graph, that replays operations on the tensors that it saw, whatever the Python code would do now.
"""

import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx

import stylegan2
from retouchml.errors import UsageError
from stylegan2.full_generator import FullGenerator
from stylegan2.graphed import Graphed
from stylegan2.networks.spec import SynthesisSpec
from stylegan2.networks.synthesis import StyledConv, Synthesis

pytestmark = pytest.mark.slow

_W = 8
_SPEC = SynthesisSpec(_W, (8, 6, 4))
_NETWORK = Path(__file__).parents[1] / "data" / "stylegan2" / "tf32_resnet.pkl"


class Recorder:
    """Makes recordings and counts: those made, those closed, and what was replayed."""

    def __init__(self) -> None:
        self.recorded: list[tuple[int, ...]] = []
        self.closed: list[tuple[int, ...]] = []
        self.replayed = 0

    def __call__(self, compute: Callable[[Tensor], Tensor], w_plus: Tensor) -> "FxRecording":
        recording = FxRecording(self, compute, w_plus)
        self.recorded.append(tuple(w_plus.shape))
        return recording


class FxRecording:
    """Has one input for all replays, as a CUDA graph has."""

    def __init__(self, owner: Recorder, compute: Callable[[Tensor], Tensor], w_plus: Tensor) -> None:
        self._owner, self._input = owner, w_plus.detach().clone()
        with torch.no_grad():
            self._operations = make_fx(compute)(self._input)

    def replay(self, w_plus: Tensor) -> Tensor:
        self._owner.replayed += 1
        with torch.no_grad():
            self._input.copy_(w_plus)
            time.sleep(0.001)  # a second thread that may come in here will
            image: Tensor = self._operations(self._input).clone()
        return image

    def close(self) -> None:
        self._owner.closed.append(tuple(self._input.shape))


def synthesis(seed: int = 0) -> Synthesis:
    torch.manual_seed(seed)
    network = Synthesis(_SPEC)
    for tensor in (*network.parameters(), *network.buffers()):
        nn.init.normal_(tensor)
    return network.eval().requires_grad_(False)


def codes(count: int = 1) -> Tensor:
    return torch.randn(count, _SPEC.num_layers, _W)


def graphed(network: Synthesis, recorder: Recorder, max_recordings: int = 4) -> Graphed:
    return Graphed(network, network, record=recorder, device_type="cpu", max_recordings=max_recordings)


def test_the_second_call_is_recorded_and_every_one_gives_what_the_network_gives() -> None:
    network, recorder = synthesis(), Recorder()
    render = graphed(network, recorder)
    seen = []
    for _ in range(4):
        w_plus = codes()
        assert torch.equal(render(w_plus, "const"), network(w_plus, "const"))
        seen.append((len(recorder.recorded), recorder.replayed))
    assert seen == [(0, 0), (1, 1), (1, 2), (1, 3)]


def test_each_shape_and_mode_has_a_recording_of_its_own() -> None:
    network, recorder = synthesis(), Recorder()
    render = graphed(network, recorder)
    for _ in range(3):
        for count in (1, 2):
            for noise in ("const", "none"):
                w_plus = codes(count)
                assert torch.equal(render(w_plus, noise), network(w_plus, noise))
    assert recorder.recorded == [(1, 6, 8), (1, 6, 8), (2, 6, 8), (2, 6, 8)]
    assert recorder.replayed == 8


def test_of_too_many_recordings_the_one_that_rested_longest_is_closed() -> None:
    recorder = Recorder()
    render = graphed(synthesis(), recorder, max_recordings=2)
    for count in (1, 1, 2, 2, 1, 3, 3, 1):
        render(codes(count))
    assert [shape[0] for shape in recorder.recorded] == [1, 2, 3]
    assert [shape[0] for shape in recorder.closed] == [2]


def test_weights_that_were_written_to_are_recorded_anew() -> None:
    network, recorder, w_plus = synthesis(), Recorder(), codes()
    render = graphed(network, recorder)
    for _ in range(3):
        render(w_plus)
    other = synthesis(seed=1)
    network.load_state_dict(other.state_dict())
    expected = other(w_plus)
    for _ in range(3):
        assert torch.equal(render(w_plus), expected)
    assert (len(recorder.recorded), len(recorder.closed)) == (2, 1)


def test_prepared_weights_follow_those_that_they_were_made_from() -> None:
    network, w_plus = synthesis(), codes()
    before = network(w_plus)
    network.blocks[1].conv0.noise_strength.add_(1.0)
    moved = network(w_plus)
    assert not torch.allclose(moved, before, atol=0.01)
    assert torch.allclose(moved, network(w_plus, plain=True), atol=1e-4)


def test_what_was_written_past_the_count_shows_once_the_weights_are_loaded_into_themselves() -> None:
    network, recorder = synthesis(), Recorder()
    render = graphed(network, recorder)
    for _ in range(3):
        render(codes())
    network.blocks[1].conv0.weight.data.copy_(synthesis(seed=1).blocks[1].conv0.weight)
    network.load_state_dict(network.state_dict())
    w_plus = codes()
    for _ in range(3):
        assert torch.allclose(render(w_plus), network(w_plus, plain=True), rtol=1e-4, atol=1e-4)
    assert (len(recorder.recorded), len(recorder.closed)) == (2, 1)


def test_weights_that_were_cast_are_recorded_anew() -> None:
    network, recorder = synthesis(), Recorder()
    render = graphed(network, recorder)
    for _ in range(3):
        render(codes())
    network.double()
    w_plus = codes().double()
    for _ in range(3):
        image = render(w_plus)
    assert image.dtype == torch.float64
    assert torch.equal(image, network(w_plus))
    assert (len(recorder.recorded), len(recorder.closed)) == (2, 1)


def test_a_call_with_gradient_is_never_replayed_and_takes_the_memory_of_those_that_are() -> None:
    network, recorder = synthesis(), Recorder()
    render = graphed(network, recorder)
    for _ in range(3):
        render(codes())
    for _ in range(3):
        w_plus = codes().requires_grad_()
        (found,) = torch.autograd.grad(render(w_plus).square().mean(), w_plus)
        (expected,) = torch.autograd.grad(network(w_plus).square().mean(), w_plus)
        assert torch.equal(found, expected)
    assert (len(recorder.recorded), len(recorder.closed), recorder.replayed) == (1, 1, 2)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_where_gradients_are_off_codes_that_could_have_one_are_replayed(
    context: Callable[[], torch.no_grad],
) -> None:
    network, recorder, w_plus = synthesis(), Recorder(), codes().requires_grad_()
    render = graphed(network, recorder)
    with context():
        for _ in range(3):
            image = render(w_plus)
        assert torch.equal(image, network(w_plus))
    assert not image.requires_grad
    assert recorder.replayed == 2


def test_weights_that_learn_are_not_recorded() -> None:
    network, recorder = synthesis(), Recorder()
    network.blocks[0].conv1.bias.requires_grad_(True)
    render = graphed(network, recorder)
    with torch.no_grad():
        for _ in range(3):
            render(codes())
    assert render(codes()).requires_grad
    assert recorder.recorded == []


def test_under_autocast_nothing_is_recorded() -> None:
    recorder = Recorder()
    render = graphed(synthesis(), recorder)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for _ in range(3):
            render(codes())
    assert recorder.recorded == []


def test_on_another_device_nothing_is_recorded() -> None:
    network, recorder = synthesis(), Recorder()
    render = Graphed(network, network, record=recorder)
    for _ in range(3):
        render(codes())
    assert recorder.recorded == []


def test_where_recording_fails_the_reason_is_logged_once_and_pictures_come_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tried = []

    def fail(compute: Callable[[Tensor], Tensor], w_plus: Tensor) -> FxRecording:
        tried.append(w_plus.shape[0])
        if w_plus.shape[0] == 1:
            return FxRecording(recorder, compute, w_plus)
        raise RuntimeError("operation not permitted when stream is capturing")

    network, recorder = synthesis(), Recorder()
    render = Graphed(network, network, record=fail, device_type="cpu")
    with caplog.at_level(logging.WARNING, "stylegan2"):
        for count in (1, 1, 2, 2, 2, 1, 1, 1):
            w_plus = codes(count)
            assert torch.equal(render(w_plus), network(w_plus))
    assert tried == [1, 2]
    assert render.failed
    assert len(recorder.closed) == 1
    (said,) = caplog.messages
    assert "not permitted" in said


def test_with_a_torch_that_cannot_clear_the_workspaces_of_cublas_nothing_is_recorded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr(torch._C, "_cuda_clearCublasWorkspaces", raising=False)
    network = synthesis()
    render = Graphed(network, network, device_type="cpu")
    with caplog.at_level(logging.WARNING, "stylegan2"):
        for _ in range(3):
            w_plus = codes()
            assert torch.equal(render(w_plus), network(w_plus))
    assert render.failed
    assert "cuBLAS" in caplog.text


@pytest.mark.parametrize("call", ["__call__", "plain"])
def test_a_call_that_runs_out_of_memory_gets_that_of_the_recordings(call: str) -> None:
    network, recorder = synthesis(), Recorder()
    tries = []

    def compute(w_plus: Tensor) -> Tensor:
        if len(w_plus) == 3:
            tries.append(len(recorder.closed))
            if len(recorder.recorded) > len(recorder.closed):
                raise torch.OutOfMemoryError
        image: Tensor = network(w_plus)
        return image

    render = Graphed(network, compute, record=recorder, device_type="cpu")
    for count in (1, 1, 2, 2):
        render(codes(count))
    w_plus = codes(3)
    assert torch.equal(getattr(render, call)(w_plus), network(w_plus))
    assert (len(recorder.closed), tries) == (2, [0, 2])
    for _ in range(3):
        render(codes(1))
    assert (len(recorder.recorded), render.failed) == (3, False)


def test_without_recordings_a_call_that_runs_out_of_memory_is_tried_once() -> None:
    tries = []

    def compute(w_plus: Tensor) -> Tensor:
        tries.append(len(w_plus))
        raise torch.OutOfMemoryError

    render = Graphed(synthesis(), compute, record=Recorder(), device_type="cpu")
    with pytest.raises(torch.OutOfMemoryError):
        render(codes())
    assert tries == [1]


@pytest.mark.parametrize("at", ["recording", "its end", "replay"])
def test_where_the_memory_does_not_suffice_for_a_recording_all_go_and_later_ones_are_made(at: str) -> None:
    network, recorder = synthesis(), Recorder()
    short = False

    class Short(FxRecording):
        def __init__(self, owner: Recorder, compute: Callable[[Tensor], Tensor], w_plus: Tensor) -> None:
            super().__init__(owner, compute, w_plus)
            try:
                if short and at != "replay":
                    raise torch.OutOfMemoryError
            finally:
                if short and at == "its end":  # as ``torch.cuda.graph`` ends one that was broken off
                    raise RuntimeError("CUDA error: out of memory")

        def replay(self, w_plus: Tensor) -> Tensor:
            if short:
                raise torch.OutOfMemoryError
            return super().replay(w_plus)

    def record(compute: Callable[[Tensor], Tensor], w_plus: Tensor) -> Short:
        recorder.recorded.append(tuple(w_plus.shape))
        return Short(recorder, compute, w_plus)

    render = Graphed(network, network, record=record, device_type="cpu")
    for count in (1, 1, 2):
        render(codes(count))
    short = True
    w_plus = codes(2)
    assert torch.equal(render(w_plus), network(w_plus))
    assert len(recorder.closed) == (2 if at == "replay" else 1)
    short = False
    for _ in range(3):
        assert torch.equal(render(w_plus), network(w_plus))
    assert ([shape[0] for shape in recorder.recorded], recorder.replayed) == ([1, 2, 2], 3)
    assert not render.failed


def test_wrong_arguments_are_refused_each_time_and_do_no_harm() -> None:
    network, recorder = synthesis(), Recorder()
    render = graphed(network, recorder)
    for _ in range(3):
        with pytest.raises(UsageError, match="shape"):
            render(torch.randn(1, 5, _W))
        with pytest.raises(RuntimeError):
            render(codes().double())
        with pytest.raises(UsageError, match="loud"):
            render(codes(), "loud")
    assert (recorder.recorded, render.failed) == ([], False)
    for _ in range(2):
        render(codes())
    assert len(recorder.recorded) == 1


def test_weights_and_what_modules_prepared_live_as_long_as_the_recording_that_has_their_address() -> None:
    class ByAddress:
        """Does not hold what it replays, as a CUDA graph does not."""

        def __init__(self, compute: Callable[[Tensor], Tensor], w_plus: Tensor) -> None:
            self.replay = compute

        def close(self) -> None:
            pass

    network = synthesis()
    render = Graphed(network, network, record=ByAddress, device_type="cpu")
    for _ in range(2):
        render(codes())
    convolution = network.blocks[1].conv0
    assert isinstance(convolution, StyledConv)
    assert convolution._prepared is not None
    references = [weakref.ref(convolution._prepared[0]), weakref.ref(convolution.weight)]
    convolution._prepared = None
    convolution.weight = nn.Parameter(torch.zeros_like(convolution.weight), requires_grad=False)
    gc.collect()
    assert all(ref() is not None for ref in references)
    render.close()
    gc.collect()
    assert all(ref() is None for ref in references)


def test_threads_that_share_a_network_get_their_own_pictures() -> None:
    network, recorder = synthesis(), Recorder()
    render = graphed(network, recorder)
    wrong: list[int] = []

    def work(seed: int) -> None:
        own = torch.Generator().manual_seed(seed)
        for _ in range(12):
            w_plus = torch.randn(1, _SPEC.num_layers, _W, generator=own)
            if not torch.equal(render(w_plus), network(w_plus)):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(recorder.recorded) == 1


def test_a_generator_records_each_noise_but_random_and_one_pass_serves_every_size() -> None:
    generator, recorder = stylegan2.load(_NETWORK), Recorder()
    assert isinstance(generator, FullGenerator)
    for _ in range(3):  # as loaded, on a CPU
        generator.synthesize(generator.map(torch.randn(1, generator.z_dim)))
    generator.graphed = Graphed(generator.synthesis, generator.synthesis, record=recorder, device_type="cpu")
    w_plus = generator.map(torch.randn(1, generator.z_dim))
    first, second = (generator.synthesize(w_plus, noise="random") for _ in range(2))
    assert not torch.allclose(first, second, atol=0.01)
    assert recorder.recorded == []
    for resolution in (None, 8, 16, 64):
        generator.synthesize(w_plus, resolution)
    assert (len(recorder.recorded), recorder.replayed) == (1, 3)
    small, whole = generator.synthesize(w_plus, 16), generator.synthesize(w_plus)
    assert torch.allclose(small[0, :, 0, 0], whole[0, :, :2, :2].mean((1, 2)), atol=1e-5)


def test_a_loaded_generator_records_nothing_until_it_is_told_to() -> None:
    generator = stylegan2.load(_NETWORK)
    assert isinstance(generator, FullGenerator)
    assert not generator.graphed.enabled
    network, recorder = synthesis(), Recorder()
    render = Graphed(network, network, record=recorder, device_type="cpu", enabled=False)
    w_plus = codes()
    for _ in range(3):
        render(w_plus)
    assert not recorder.recorded
    render.enabled = True
    for _ in range(3):
        render(w_plus)
    assert len(recorder.recorded) == 1
