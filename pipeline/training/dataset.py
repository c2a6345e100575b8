"""The data set of the parts that learn from a generator: samples of a kind, kept in the cache folder.

Several processes draw them; all parts that learn from one kind share it.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import cv2
import torch

import stylegan2
from pipeline.latent_network import trained_part
from pipeline.threads import threads_restored
from pipeline.training.arguments import check_output
from pipeline.training.labellers import load_finder
from pipeline.training.progress_line import ProgressLine
from pipeline.training.sampling import Measured, SampleKind, collect, draw, picture_of
from pipeline.training.tables import load_table
from pipeline.training.worker_pool import worker_pool
from retouchml.errors import RetouchError
from retouchml.paths import cache_dir
from stylegan2 import zoo
from stylegan2.generator import Generator
from stylegan2.mobile.generator import MobileGenerator

_PREVIEWS = 8  # pictures that are searched for a face before thousands are made


@dataclass(frozen=True)
class Dataset(Generic[Measured]):
    """A generator, its samples, and the file for what is learned from them."""

    generator: Generator
    samples: Measured
    output: Path


def load_dataset(
    arguments: argparse.Namespace,
    part: str,
    kind: SampleKind[Measured],
    count: int | None = None,
    check: Callable[[Generator], object] | None = None,
) -> Dataset[Measured]:
    """The data set for a learned part, sampled with the options of ``arguments.add_sampling_arguments``.

    count: where it is another than these have. check: raises RetouchError where something that the part needs
    is missing. Raises that, or RetouchError if the part could not be written, before the slow work starts.
    """
    if arguments.output:
        check_output(arguments.output)
    generator = stylegan2.load(arguments.model)
    output = arguments.output or trained_part(part, generator.latents.name)
    check_output(output)
    if check is not None:
        check(generator)
    warn_if_faceless(generator)
    samples = gather_samples(kind, arguments.model, count or arguments.samples, arguments.jobs)
    return Dataset(generator, samples, output)


def warn_if_faceless(generator: Generator) -> None:
    """Print a warning if none of a few pictures shows a face; training goes on all the same."""
    finder = load_finder()
    draws = draw(generator, _PREVIEWS, 0)
    if not any(finder.shows_face(picture_of(generator, w, crossover)) for w, crossover in draws):
        sys.stderr.write(
            f"None of {_PREVIEWS} pictures by {generator.name} shows a face:"
            " what is learned from them will mean nothing.\n"
        )


def gather_samples(kind: SampleKind[Measured], model: str, count: int, jobs: int) -> Measured:
    """The first ``count`` samples of a generator, however many processes draw them.

    Those of earlier runs are on disk; after an interruption, the next call continues there.
    """
    folder = cache_dir() / "training"
    facts = [kind.name, sampled_name(model), f"v{kind.version}", *([] if kind.by is None else [kind.by()])]
    starts = range(0, count, kind.part)
    tasks = [
        (
            kind,
            model,
            min(kind.part, count - start),
            seed,
            folder / f"{'-'.join(facts)}-{seed}.npz",
        )
        for seed, start in enumerate(starts, 1)
    ]
    if jobs == 1:
        for task in tasks:
            _sample(*task)
    else:
        with worker_pool(jobs) as pool:
            pool.starmap(_sample, tasks, chunksize=1)
    parts = [part for *_, path in tasks if (part := load_table(path, kind.table)) is not None]
    if len(parts) < len(tasks):
        raise RetouchError(f"Samples that were just written to {folder} cannot be read.", "Try again.")
    return kind.table.joined(parts).first(count)


def sampled_name(model: str) -> str:
    """Names a generator in the names of files."""
    entry = zoo.find(model)
    # another file may be imported under the same name
    return f"{model}-{entry.sha256[:12]}" if entry.imported else model


def _sample(kind: SampleKind[Measured], model: str, count: int, seed: int, path: Path) -> None:
    """The work of one process: fill ``path`` up to ``count`` samples."""
    samples = load_table(path, kind.table)
    if samples is not None and len(samples) >= count:
        return
    with _one_thread():
        _fill(kind, model, count, seed, path)


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = cv2.getNumThreads()
    with threads_restored():
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        try:
            yield
        finally:
            cv2.setNumThreads(threads)


def _fill(kind: SampleKind[Measured], model: str, count: int, seed: int, path: Path) -> None:
    generator = stylegan2.load(model, "cuda" if torch.cuda.is_available() else "cpu")
    if isinstance(generator, MobileGenerator):
        generator.shorten_numbers()  # ratings change by 0.007, where the samples' deviation is 0.5
    progress = ProgressLine(f"sampling {model} ({seed})")
    for done in collect(kind, generator, count, seed, path):
        progress(done, count)
