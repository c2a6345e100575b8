"""``retouchml train edit NAME --labels FILE``: a slider of one's own, from faces that somebody labelled.

What tells the faces with "yes" from the others is learned on the features of the shared network, and on the
code itself for what these do not see, such as hair. Then the slider is tried on other faces, and what else
it changes is measured there and printed.
"""

import argparse
import sys

import numpy as np

import stylegan2
from pipeline.latent_network import learned_part, load_network
from pipeline.taste import answers as answer_files
from pipeline.taste.answers import YES, Answers
from pipeline.taste.bradley_terry import fit, unseen_differences
from pipeline.taste.faces import DrawnFaces
from pipeline.taste.gallery import Gallery
from pipeline.taste.judgement import Judgement, facts_of, tensors_of
from pipeline.taste.measuring import ATTRIBUTES, names_taken
from pipeline.taste.representation import Floats, Representation, load_representation
from pipeline.taste.trial import Trial, try_slider
from pipeline.training.arguments import check_output
from pipeline.training.progress_line import ProgressLine
from pipeline.training.saving import GENERATED, save_part
from retouchml import own_parts
from retouchml.errors import LatentSpaceMismatch, UsageError
from retouchml.sliders import OWN_STEP
from retouchml.system.surroundings import file_path

_FEWEST = 15  # answers of each kind
_CODE = 120  # components of the code, those that vary most
_CODE_SHARE = 0.5  # their weight beside the features
_BIAS = 3.0  # what a constant feature is: its prior is that much wider
_SAME = 0.6  # correlation from which on an attribute is what was labelled, and moves along
_SAMPLES = 2000  # codes that give the output its unit
_LIMITS = (
    "It repeats what one person saw in some hundred generated faces, and what these faces have in common "
    "besides. It fits one latent space. The photograph's own pixels are moved and toned: what they cannot "
    "follow, such as hair, hardly shows."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``retouchml train edit``."""
    parser.add_argument("name", metavar="NAME", help="of the slider")
    parser.add_argument(
        "--labels", type=file_path, metavar="FILE", required=True, help="of `retouchml label`"
    )
    parser.add_argument("--title", default="", help="its name in the editors (default: from NAME)")
    parser.add_argument(
        "--reach",
        type=_reach,
        default=1.5,
        help="standard deviations that 1 moves it by (default: %(default)s)",
    )
    parser.add_argument(
        "--release",
        action="append",
        default=[],
        choices=ATTRIBUTES[:-1],
        help="an attribute that may move along; may be given again",
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    name = own_parts.check_name(arguments.name, names_taken())
    labels = answer_files.read(arguments.labels, "labels")
    faces, outcomes = _labelled(labels)
    generator = stylegan2.load(labels.model)
    if generator.latents.name != labels.space:
        raise LatentSpaceMismatch(
            f"{labels.model} has another latent space than the faces that were labelled.",
            "Use the model with which they were.",
        )
    output = own_parts.place(own_parts.SLIDERS, labels.space, name)
    check_output(output)
    drawn = DrawnFaces(generator, labels.seed)
    representation, gallery = load_representation(generator), Gallery(drawn)
    gallery.measure(faces, ProgressLine("measuring the faces"))
    features = representation.measured(gallery.seen(faces))
    design = _design(features, drawn, faces)
    accuracy = _cross_validated(design, outcomes)
    sys.stdout.write(
        f"{len(faces)} labels, {int((outcomes > 0).sum())} yes; tells yes from no on unseen faces "
        f"with an AUC of {accuracy:.2f}\n"
    )
    judgement = _judgement(name, design, outcomes, representation, drawn)
    attributes, _ = load_network(learned_part("edits", labels.space), "edits", generator)
    released = tuple(dict.fromkeys((*_same(features, outcomes), *arguments.release)))
    held = tuple(each for each in attributes.outputs if each not in released)
    sys.stdout.write(
        f"held: {', '.join(held) or 'nothing'}; moves along: {', '.join(released) or 'nothing'}\n"
    )
    trial = try_slider(
        judgement,
        attributes,
        representation,
        drawn,
        released,
        arguments.reach,
        ProgressLine("trying the slider"),
    )
    figures = _report(trial)
    sys.stdout.write(figures)
    title = arguments.title or name.replace("_", " ").capitalize()
    save_part(
        output,
        tensors_of(judgement),
        {
            **facts_of(judgement, own_parts.SLIDERS, labels.space),
            "title": title,
            "help": f"more or less of what was labelled as {labels.question or name}",
            "deviations": f"{arguments.reach:g}",
            "finest": str(OWN_STEP.finest),
            "released": ",".join(released),
            "labels": str(len(faces)),
            "auc": f"{accuracy:.2f}",
        },
        title=f"Slider {title}",
        data=f"Fitted on {len(faces)} faces by {generator.name} that one person labelled.",
        figures=figures,
        command=f"retouchml train edit {name} --labels FILE",
        groups=GENERATED,
        limits=_LIMITS,
    )
    sys.stdout.write(
        f"`retouchml beautify --edit {name}=0.5` uses it. `retouchml daemon restart` and a restart of the "
        "editor show it there.\n"
    )
    return 0


def _reach(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 5.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0.1 to 5")
    return value


def _labelled(labels: Answers) -> tuple[list[int], Floats]:
    """The faces and, for each, 1 for yes and -1 for no; the last answer on a face counts."""
    last = {answer.faces[0]: answer.choice for answer in labels.counted}
    faces = list(last)
    outcomes = np.array([1.0 if last[face] == YES else -1.0 for face in faces])
    fewest = min(int((outcomes > 0).sum()), int((outcomes < 0).sum()))
    if fewest < _FEWEST:
        raise UsageError(
            f"There are only {fewest} answers of one kind.",
            f"Label on, until there are {_FEWEST} of each at least; 300 answers in all make a good slider.",
        )
    return faces, outcomes


def _design(features: Floats, drawn: DrawnFaces, faces: list[int]) -> Floats:
    """What the answers are explained by: features, main components of the code, and a constant."""
    code = drawn.octaves(faces)[:, 0, -_CODE:].double().cpu().numpy() * (_CODE_SHARE / _CODE**0.5)
    return np.hstack([features, code, np.full((len(faces), 1), _BIAS)])


def _judgement(
    name: str, design: Floats, outcomes: Floats, representation: Representation, drawn: DrawnFaces
) -> Judgement:
    import torch

    mean = torch.from_numpy(fit(design, outcomes).mean).float()
    size, code = len(representation.mean), min(_CODE, drawn.generator.w_dim)
    judgement = Judgement(name, representation.network)
    judgement.weights.copy_(mean[:size] * representation.scale)
    judgement.linear[-code:] = mean[size : size + code] * (_CODE_SHARE / _CODE**0.5)
    judgement.standardize(drawn.octaves(range(_SAMPLES)))
    return judgement.eval().requires_grad_(False)


def _cross_validated(design: Floats, outcomes: Floats) -> float:
    """The chance that an unseen yes gets more than an unseen no."""
    scores = unseen_differences(design, outcomes)
    wins = scores[outcomes > 0][:, None] - scores[outcomes < 0][None]
    return float((wins > 0).mean() + (wins == 0).mean() / 2.0)


def _same(features: Floats, outcomes: Floats) -> tuple[str, ...]:
    """The attributes that are what was labelled: holding them would hold the slider."""
    names = ATTRIBUTES[:-1]  # all but the rating, which nothing holds
    near = [abs(float(np.corrcoef(features[:, row], outcomes)[0, 1])) for row in range(len(names))]
    return tuple(name for name, value in zip(names, near, strict=True) if value >= _SAME)


def _report(trial: Trial) -> str:
    """The figures of a trial, a line each."""
    lines = [f"at +1 and -1 on {trial.faces} other faces, in standard deviations of generated faces:"]
    lines.append(f"  {'itself':12} {trial.seen:+.2f}, by the code {trial.predicted:+.2f}")
    for name, value in trial.moved.items():
        released = "  moves along" if name in trial.released else ""
        far = "  CROSS-TALK" if abs(value) >= trial.limit and not released else ""
        lines.append(f"  {name:12} {value:+.2f}{released}{far}")
    return "\n".join(lines) + "\n"
