"""CUDA graphs where there is a GPU; what is asked of them is what a call without one gives."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import stylegan2
from stylegan2.cuda_graph import CudaGraph
from stylegan2.full_generator import FullGenerator
from stylegan2.graphed import Graphed
from stylegan2.networks.spec import SynthesisSpec
from stylegan2.networks.synthesis import Synthesis
from stylegan2.precision import Precision

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")

_W = 32
_SPEC = SynthesisSpec(_W, (32, 32, 32, 16, 16))
_NETWORK = Path(__file__).parents[1] / "data" / "stylegan2" / "tf32_resnet.pkl"


class Counting:
    """Records as ``CudaGraph`` does, and counts."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, compute: Callable[[Tensor], Tensor], w_plus: Tensor) -> CudaGraph:
        graph = CudaGraph(compute, w_plus)
        self.made += 1
        return graph


def product(matrix: Tensor) -> Tensor:
    """Sums so many numbers for each one of the result that cuBLAS splits them up and needs its workspace."""
    return matrix.mT @ matrix


def tall(width: int = 640) -> Tensor:
    return torch.randn(32768, width, device="cuda")


def synthesis(seed: int = 0, half_octaves: int = 0, device: str = "cuda") -> Synthesis:
    torch.manual_seed(seed)
    network = Synthesis(_SPEC, half_octaves)
    for tensor in (*network.parameters(), *network.buffers()):
        nn.init.normal_(tensor)
    return network.to(device).eval().requires_grad_(False)


def codes(count: int = 1, device: str = "cuda") -> Tensor:
    return torch.randn(count, _SPEC.num_layers, _W, device=device)


def assert_same(image: Tensor, expected: Tensor, tolerance: float = 1e-4) -> None:
    assert image.shape == expected.shape
    assert float((image - expected).abs().max()) <= tolerance * float(expected.abs().max())


@pytest.mark.parametrize(("half_octaves", "tolerance"), [(0, 1e-4), (4, 0.01)], ids=["float32", "float16"])
def test_replays_of_two_batch_sizes_are_what_the_network_gives(half_octaves: int, tolerance: float) -> None:
    network, record = synthesis(half_octaves=half_octaves), Counting()
    render = Graphed(network, network, record=record)
    for _ in range(4):
        for count in (1, 3):
            for noise in ("const", "none"):
                w_plus = codes(count)
                assert_same(render(w_plus, noise), network(w_plus, noise), tolerance)
    assert (record.made, render.failed) == (4, False)


def test_a_later_call_changes_neither_an_earlier_picture_nor_its_codes() -> None:
    network = synthesis()
    render = Graphed(network, network)
    for _ in range(3):
        render(codes())
    w_plus = codes()
    image = render(w_plus)
    kept, given = image.clone(), w_plus.clone()
    w_plus.add_(1.0)
    later = render(w_plus)
    assert torch.equal(image, kept)
    assert torch.equal(w_plus, given + 1.0)
    assert float((later - image).abs().max()) > 0.01


def test_weights_that_were_written_to_show_in_the_next_picture() -> None:
    network, other, w_plus = synthesis(), synthesis(seed=1), codes()
    render = Graphed(network, network)
    for _ in range(3):
        render(w_plus)
    network.load_state_dict(other.state_dict())
    for _ in range(3):
        assert_same(render(w_plus), other(w_plus))
    assert not render.failed


def test_weights_that_went_to_the_cpu_and_back_show_in_the_next_picture() -> None:
    network, w_plus = synthesis(), codes()
    render = Graphed(network, network)
    for _ in range(3):
        expected = render(w_plus)
    network.cpu()
    assert_same(render(w_plus.cpu()).cuda(), expected)
    network.cuda()
    for _ in range(3):
        assert_same(render(w_plus), expected)


def test_threads_with_streams_of_their_own_get_their_own_pictures() -> None:
    network, record = synthesis(), Counting()
    render = Graphed(network, network, record=record)
    network(codes())
    wrong: list[float] = []

    def work(seed: int) -> None:
        own = torch.Generator("cuda").manual_seed(seed)
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        with torch.cuda.stream(stream), torch.no_grad():
            for _ in range(30):
                w_plus = torch.randn(1, _SPEC.num_layers, _W, generator=own, device="cuda")
                expected = network(w_plus)
                error = float((render(w_plus) - expected).abs().max() / expected.abs().max())
                if error > 1e-4:
                    wrong.append(error)

    torch.cuda.synchronize()
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert (record.made, render.failed) == (1, False)


def test_a_thread_that_differentiates_meanwhile_does_not_disturb_a_recording() -> None:
    network, other = synthesis(), synthesis(seed=1)
    stop = threading.Event()
    failures: list[BaseException] = []

    def differentiate() -> None:
        try:
            while not stop.is_set():
                leaf = codes(2).requires_grad_()
                torch.autograd.grad(other(leaf).square().mean(), leaf)
        except RuntimeError as error:
            failures.append(error)

    thread = threading.Thread(target=differentiate)
    thread.start()
    try:
        for _ in range(5):
            record = Counting()
            render = Graphed(network, network, record=record)
            for _ in range(3):
                w_plus = codes()
                assert_same(render(w_plus), network(w_plus))
            assert record.made == 1
    finally:
        stop.set()
        thread.join()
    assert failures == []


@pytest.mark.parametrize("ended", [0, 1, 2])
def test_the_end_of_a_recording_leaves_the_others_as_they_were(ended: int) -> None:
    widths = [640, 512, 384]
    graphs = [CudaGraph(product, tall(width)) for width in widths]
    graphs.pop(ended).close()
    widths.pop(ended)
    graphs.append(CudaGraph(product, tall(256)))  # empties torch's cache, and with it what ``close`` freed
    taken = torch.full((2**26,), float("nan"), device="cuda")  # and what lies there now is another's
    for graph, width in zip(graphs, [*widths, 256], strict=True):
        for _ in range(3):
            matrix = tall(width)
            assert_same(graph.replay(matrix), product(matrix))
    assert bool(taken.isnan().all())


def test_two_recordings_that_replay_at_once_do_not_disturb_each_other() -> None:
    graphs = [CudaGraph(product, tall()) for _ in range(2)]
    matrices = [tall() for _ in graphs]
    expected = [product(matrix) for matrix in matrices]
    start = threading.Barrier(len(graphs))
    found: list[list[Tensor]] = [[] for _ in graphs]

    def work(index: int) -> None:
        with torch.cuda.stream(torch.cuda.Stream()):  # type: ignore[no-untyped-call]
            start.wait()
            found[index] += [graphs[index].replay(matrices[index]) for _ in range(100)]

    torch.cuda.synchronize()
    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(graphs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    torch.cuda.synchronize()
    for images, image in zip(found, expected, strict=True):
        assert len(images) == 100
        for one in images:
            assert_same(one, image)


def test_gradients_are_those_of_the_network_after_replays_too() -> None:
    network = synthesis()
    render = Graphed(network, network)
    for _ in range(3):
        render(codes())
    w_plus = codes().requires_grad_()
    (found,) = torch.autograd.grad(render(w_plus).square().mean(), w_plus)
    (expected,) = torch.autograd.grad(network(w_plus).square().mean(), w_plus)
    assert_same(found, expected)


def test_closing_gives_the_memory_back() -> None:
    network = synthesis()
    render = Graphed(network, network)
    render(codes(256))
    torch.cuda.empty_cache()
    before = torch.cuda.memory_reserved()
    render(codes(256))
    reserved = torch.cuda.memory_reserved() - before
    render.close()
    torch.cuda.empty_cache()
    left = torch.cuda.memory_reserved() - before
    assert left < reserved / 2


def test_a_pass_that_reads_numbers_back_is_not_recorded_and_works_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    network = synthesis()

    def compute(w_plus: Tensor) -> Tensor:
        image: Tensor = network(w_plus)
        return image / float(image.abs().max())

    render = Graphed(network, compute)
    with caplog.at_level(logging.WARNING, "stylegan2"):
        for _ in range(4):
            w_plus = codes()
            assert_same(render(w_plus), compute(w_plus))
    assert render.failed
    assert len(caplog.messages) == 1
    assert torch.isfinite(torch.randn(8, device="cuda")).all()


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_a_loaded_generator_gives_the_pictures_of_the_cpu(precision: Precision) -> None:
    generator, expected = stylegan2.load(_NETWORK, "cuda", precision), stylegan2.load(_NETWORK)
    assert isinstance(generator, FullGenerator)
    generator.graphed.enabled = True
    z = torch.randn(1, expected.z_dim)
    w_plus = expected.map(z)
    for _ in range(3):
        for resolution in (None, 16):
            image = generator.synthesize(w_plus.cuda(), resolution)
            # TF32 may be on for convolutions, and has the precision of float16
            assert_same(image.cpu(), expected.synthesize(w_plus, resolution), 0.02)
    assert not generator.graphed.failed
    first, second = (generator.synthesize(w_plus.cuda(), noise="random") for _ in range(2))
    assert not torch.equal(first, second)
