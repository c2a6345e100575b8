"""The networks and learned parts that are loaded once for all photographs."""

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

import stylegan2
from pipeline.attributes import AgeNetwork, geometric
from pipeline.beautify import Beautifier
from pipeline.edits import EditApplier
from pipeline.encoder import Encoder
from pipeline.faces import FaceFinder
from pipeline.identity import Recognizer
from pipeline.identity_metric import load_metric
from pipeline.invert import Inverter
from pipeline.latent_network import learned_part, load_network
from pipeline.mesh import FaceMesh
from pipeline.person import PersonNetwork
from pipeline.rater import FeatureRater
from pipeline.rating_network import load_scorer
from pipeline.rendered import Pictures
from pipeline.taste.judgement import OwnSliders, own_scorer
from pipeline.tuning import Tuner
from retouchml.errors import DeviceError, ModelCorrupt, ModelMissing, UsageError
from retouchml.own_parts import STANDARD
from retouchml.settings import ENGINES, PRECISIONS, EngineName, PrecisionName
from stylegan2 import zoo
from stylegan2.full_generator import FullGenerator
from stylegan2.generator import Generator
from stylegan2.mobile.generator import MobileGenerator
from stylegan2.precision import Precision
from stylegan2.repeated import Repeated

# CUDA's compute capabilities: Volta is the first that is faster in float16, Ampere the first with bfloat16.
_TENSOR_CORES, _BFLOAT16 = (7, 0), (8, 0)


@dataclass(frozen=True)
class Networks:
    """The networks for one generator on one device."""

    generator: Generator
    finder: FaceFinder
    recognizer: Recognizer
    encoder: Encoder | None
    inverter: Inverter
    beautifier: Beautifier
    edit_applier: EditApplier
    rater: FeatureRater
    mesh: FaceMesh | None = None  # None where its model was not fetched
    tuner: Tuner | None = None  # None where the generator cannot be tuned to a face
    ages: AgeNetwork | None = None  # None where it was not fetched or is damaged; it tells children
    people: PersonNetwork | None = None  # likewise; it tells heads from walls

    @cached_property
    def pictures(self) -> Pictures:
        """The generator's pictures."""
        return Pictures(self.generator)

    def with_scorer(self, name: str) -> "Networks":
        """The same with the user's own scorer of a name; "" and ``standard`` are the one that is there.

        Raises UsageError if there is none, LatentSpaceMismatch if it fits another model, and ModelCorrupt.
        """
        if name in ("", STANDARD):
            return self
        return replace(self, beautifier=self.beautifier.with_scorer(own_scorer(name, self.generator)))


def load_networks(
    model: str,
    device: str,
    engine: EngineName = ENGINES[0],
    precision: PrecisionName = PRECISIONS[0],
    *,
    graphs: bool = True,
) -> Networks:
    """Load all networks.

    engine: what runs the generator. With tensorflow1, torch runs the rest on the CPU: it is for machines
    whose card torch no longer supports. precision: of the generator, see ``pick_precision``; graphs: whether
    to use CUDA graphs, on CUDA. Raises UsageError if the engine does not run this model or the device is none
    for this precision, and ModelMissing, ModelCorrupt, LatentSpaceMismatch or DeviceError.
    """
    if engine not in ENGINES:
        raise UsageError(f"There is no engine called {engine!r}.", f"There are: {', '.join(ENGINES)}.")
    target = pick_device(device) if engine == "torch" else "cpu"
    number_type = pick_precision(precision, target, engine)
    generator = stylegan2.load(model, target if engine == "torch" else device, number_type, engine)
    if isinstance(generator, FullGenerator | MobileGenerator):
        generator.graphed.enabled = graphs  # which does nothing on other devices than CUDA
    if isinstance(generator, MobileGenerator) and precision == "auto":
        generator.shorten_numbers()
    is_cuda = generator.device.type == "cuda"
    mesh = load_mesh()
    finder = load_finder(mesh=mesh)
    recognizer = Recognizer(zoo.path("dlib-faces", "dlib_face_recognition_resnet_model_v1.dat"), target)
    space = generator.latents.name
    scorer = load_scorer(learned_part("scorer", space), generator)
    attributes, _ = load_network(learned_part("edits", space), "edits", generator)

    def measure(picture: NDArray[np.float32]) -> dict[str, float]:
        # The predictor was trained on larger faces than those in the pictures of the ascent.
        larger = np.asarray(cv2.resize(picture, (512, 512), interpolation=cv2.INTER_CUBIC), np.float32)
        return geometric(finder.landmarks_in_crop(larger))

    edit_applier = EditApplier(generator, attributes, OwnSliders(generator))
    people = load_people()
    return Networks(
        generator=generator,
        finder=finder,
        recognizer=recognizer,
        encoder=Encoder.load(learned_part("encoder", space), generator),
        inverter=Inverter(generator, recognizer.network, make_step=Repeated if graphs and is_cuda else None),
        beautifier=Beautifier(
            generator, scorer, attributes, recognizer.network, measure, metric=load_metric(generator)
        ),
        edit_applier=edit_applier,
        rater=FeatureRater(recognizer),
        mesh=mesh,
        tuner=Tuner.of(generator, recognizer.network, edit_applier, people),
        ages=load_ages(),
        people=people,
    )


def load_finder(*, quick: bool = True, mesh: FaceMesh | None = None) -> FaceFinder:
    """The search for faces. Raises ModelMissing or ModelCorrupt.

    quick: with YuNet, where it was fetched; mesh: None leaves landmarks to dlib alone
    """
    return FaceFinder(
        zoo.path("dlib-faces", "shape_predictor_68_face_landmarks.dat"),
        zoo.path("dlib-faces", "mmod_human_face_detector.dat"),
        zoo.path("yunet", "yunet_s_640_640.onnx") if quick and zoo.is_installed("yunet") else None,
        mesh,
    )


def load_mesh() -> FaceMesh | None:
    """The face mesh, or None where its model was not fetched. Raises ModelCorrupt if its file is damaged."""
    if not zoo.is_installed("mediapipe-face"):
        return None
    face, eyes = (zoo.path("mediapipe-face", name) for name in ("face_landmark.onnx", "iris_landmark.onnx"))
    return FaceMesh(face, eyes)


def load_people() -> PersonNetwork | None:
    """The network that tells people from what is behind them, or None as ``load_ages`` does."""
    try:
        return PersonNetwork(zoo.path("mediapipe-person", "selfie_segmentation.onnx"))
    except (ModelMissing, ModelCorrupt):
        return None


def load_ages() -> AgeNetwork | None:
    """The age network, or None where it was not fetched or is damaged: a retouch can do without it.

    ``retouchml doctor`` and ``models verify`` tell of damage.
    """
    try:
        return AgeNetwork.load()
    except (ModelMissing, ModelCorrupt):
        return None


def pick_device(name: str) -> str:
    """The torch device for ``auto``, ``cpu``, ``cuda``, ``cuda:N``, ``mps`` or ``xpu``.

    Raises DeviceError if this machine does not have it.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return "cuda"
        if torch.xpu.is_available():
            return "xpu"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        kind = torch.device(name)
    except RuntimeError:
        kind = None
    if kind is None or kind.type not in ("cpu", "cuda", "mps", "xpu"):
        raise DeviceError(f"{name} is no device.", "Choose auto, cpu, cuda, cuda:N, mps, xpu or xpu:N.")
    if kind.type == "cuda" and (kind.index or 0) >= torch.cuda.device_count():
        raise DeviceError(f"There is no CUDA device {name} here.", "Use --device cpu, or --device auto.")
    if kind.type == "xpu" and (kind.index or 0) >= torch.xpu.device_count():
        raise DeviceError("There is no Intel GPU here.", "Use --device cpu, or --device auto.")
    if kind.type == "mps" and not torch.backends.mps.is_available():
        raise DeviceError("There is no Apple GPU here.", "Use --device cpu, or --device auto.")
    return name


def pick_precision(name: PrecisionName, device: str, engine: EngineName = ENGINES[0]) -> Precision:
    """The generator's number type on a torch device, as ``pick_device`` gives it.

    ``auto`` is float16 on CUDA cards that are fast in it, float32 elsewhere; on some processors
    small images have shorter numbers, too (``MobileGenerator.shorten_numbers``). On Apple's GPUs float16 can
    be asked for; nobody has tried it. Raises UsageError where a type makes no sense.
    """
    if name not in PRECISIONS:
        raise UsageError(f"There is no precision called {name!r}.", f"There are: {', '.join(PRECISIONS)}.")
    kind = torch.device(device)
    if name == "auto":
        is_fast = kind.type == "cuda" and torch.cuda.get_device_capability(kind) >= _TENSOR_CORES
        return "float16" if is_fast and engine == "torch" else "float32"
    if name == "float32":
        return name
    if engine != "torch":
        raise UsageError(f"TensorFlow 1.15 computes in float32, not in {name}.", "Use --precision auto.")
    if kind.type == "cpu":
        raise UsageError(
            f"{name} is for graphics cards; a processor only imitates it, slower than float32.",
            "Use --precision auto, or another --device.",
        )
    if name == "bfloat16" and kind.type == "cuda" and torch.cuda.get_device_capability(kind) < _BFLOAT16:
        raise UsageError("This card does not compute in bfloat16.", "Use --precision float16, or auto.")
    return name
