"""``retouchml train taste``: the shared network on which sliders and scorers of one's own are learned."""

import argparse

import numpy as np
import torch

from pipeline.rater import FeatureRater, all_features
from pipeline.taste.measuring import ATTRIBUTES, log_odds
from pipeline.taste.representation import KIND, PARTS, Floats, Seen, raw_features, shapes, small_chip
from pipeline.training.arguments import add_sampling_arguments
from pipeline.training.dataset import load_dataset
from pipeline.training.fitting import fit_latent_network, octaves_of
from pipeline.training.labelled import ATTRIBUTES as SAMPLED
from pipeline.training.labelled import LABELLED, LabelledSamples
from pipeline.training.labellers import load_recognizer
from pipeline.training.saving import save_latent_network

_SIZES = {"descriptor": 32, "shape": 16, "chip": 20}  # main components of each part
_COMPONENTS = 120  # of the code
_CUT = 0.005  # share of the samples at each end whose attributes are cut: broken faces have absurd ones

add_arguments = add_sampling_arguments


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    dataset = load_dataset(arguments, KIND, LABELLED)
    seen = seen_of(dataset.samples, FeatureRater(load_recognizer()))
    low, high = (
        np.quantile(seen.attributes, share, axis=0).astype(np.float64) for share in (_CUT, 1.0 - _CUT)
    )
    components = {part: _main_components(getattr(seen, part), _SIZES[part]) for part in PARTS}
    centers = {part: center for part, (center, _) in components.items()}
    bases = {part: basis for part, (_, basis) in components.items()}
    raw = raw_features(seen, low, high, centers, bases)
    outputs = (*ATTRIBUTES, *(f"{part}{index}" for part in PARTS for index in range(bases[part].shape[1])))
    network, explained = fit_latent_network(
        outputs,
        octaves_of(dataset.samples, dataset.generator.latents),
        torch.from_numpy(raw).float(),
        components=_COMPONENTS,
    )
    tables: dict[str, Floats] = {
        "low": low,
        "high": high,
        "mean": raw.mean(0),
        "deviation": np.maximum(raw.std(0), 1e-6),
    }
    tables |= {f"center.{part}": center for part, center in centers.items()}
    tables |= {f"basis.{part}": basis for part, basis in bases.items()}
    others = {name: torch.from_numpy(table).float() for name, table in tables.items()}
    save_latent_network(dataset, KIND, network, explained, others)
    return 0


def seen_of(samples: LabelledSamples, rater: FeatureRater) -> Seen:
    """What was seen of samples, as ``Instruments`` sees it."""
    ratings = rater.rate_features(all_features(samples.descriptors, samples.landmarks, samples.activations))
    attributes = np.column_stack([samples.attributes, ratings]).astype(np.float32)
    assert ATTRIBUTES[:-1] == SAMPLED
    male = SAMPLED.index("male")
    attributes[:, male] = [log_odds(float(share)) for share in samples.attributes[:, male]]
    chips = np.stack([small_chip(chip.astype(np.float32) / 255.0) for chip in samples.chips])
    return Seen(attributes, samples.descriptors, shapes(samples.landmarks), chips)


def _main_components(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float32]], count: int
) -> tuple[Floats, Floats]:
    """The mean [D] and the ``count`` directions [D, count] in which values [N, D] vary most."""
    center = values.mean(0).astype(np.float64)
    _, axes = np.linalg.eigh(np.cov(values.T.astype(np.float64)))
    return center, np.ascontiguousarray(axes[:, ::-1][:, :count])
