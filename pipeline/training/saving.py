"""Writes a learned part and, beside it, its model card.

The card says what the part is, what it learned from, how well it does, and its terms.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from pipeline.latent_network import Learned, save_learned
from pipeline.training.dataset import Dataset
from pipeline.training.sampling import Measured
from retouchml.system.terminal import printable

_LICENCE = (
    "The weights that come with RetouchML are licensed CC BY-NC 4.0. Weights that you fit are yours, "
    "within the terms of your data and of the models that measured them."
)
_USES = (
    "It is a part of a tool for retouching pictures whose owner wants that. It must not be used to judge, "
    "rank, choose, admit or refuse people, or to tell anybody's age, gender, origin, health or worth."
)
GENERATED = (
    "Not measured: nobody knows to which group a generated face belongs. The generator's faces resemble "
    "those of FFHQ, most of which have light skin, and whoever is rare there is known less well."
)
_LIMITS = (
    "It knows the faces that the generator makes, and repeats the errors of the instruments that measured "
    "these: dlib's landmarks and descriptor, a small age and gender network, and the rater with the taste "
    "of those it learned from. It fits one latent space."
)


def save_latent_network(
    dataset: Dataset[Measured],
    kind: str,
    network: Learned,
    explained: Mapping[str, float],
    others: Mapping[str, Tensor] | None = None,
    limits: str = _LIMITS,
    count: int | None = None,
    note: str = "",
) -> None:
    """Write a latent network as float16 with its card, and print how it does on unseen samples.

    explained: R² of each output on the hold-out; others: tensors beside it, which stay float32; limits: for
    the card; count: of samples, where there were more than ``dataset`` has; note: a sentence about what it
    was fitted on
    """
    generator, count = dataset.generator, count or len(dataset.samples)
    metadata = {
        "kind": kind,
        "latent_space": generator.latents.name,
        "sampled": generator.name,
        "outputs": ",".join(network.outputs),
        "samples": str(count),
        "explained": ",".join(f"{value:.3f}" for value in explained.values()),
    }
    tensors = network_tensors(network) | dict(others or {})
    figures = "".join(
        f"{name}: explains {value:.3f} of the variance on unseen samples\n"
        for name, value in explained.items()
    )
    sys.stdout.write(figures)
    save_part(
        dataset.output,
        tensors,
        metadata,
        title=f"{kind.capitalize()} of {generator.latents.name}",
        data=f"Fitted on {count} pictures of {generator.name} from random codes, "
        f"and what was measured on them. {note}".rstrip(),
        figures=figures,
        command=f"retouchml train {kind} --samples {count}",
        groups=GENERATED,
        limits=limits,
    )


def network_tensors(network: Learned) -> dict[str, Tensor]:
    """What a file holds of a latent network."""
    return {f"network.{name}": tensor.half() for name, tensor in network.state_dict().items()}


def save_part(
    weights: Path,  # file to write; the card is NAME.md beside NAME.safetensors
    tensors: dict[str, Tensor],
    metadata: dict[str, str],  # what the file says of itself; also a table in the card
    *,
    title: str,
    data: str,  # what it was fitted on
    figures: str,  # lines of text as the command printed them
    command: str,  # that makes it
    groups: str,  # how well it knows whom
    limits: str,  # what it does not know
) -> None:
    """Write a learned part and its card, and print where they are."""
    save_learned(weights, tensors, metadata)
    lines = [f"# {title}", "", data, "", "| fact | value |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in metadata.items()]
    lines += ["", "## Figures", "", "```", figures.rstrip("\n"), "```"]
    lines += ["", "Command: `" + command + "`", "", "## Groups", "", groups]
    lines += ["", "## Limits", "", limits]
    lines += ["", "## What it must not be used for", "", _USES]
    lines += ["", "## Licence", "", _LICENCE]
    card = weights.with_suffix(".md")
    card.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(printable(f"written: {weights}, {card.name}") + "\n")
