"""The models that label samples and photographs: landmarks, descriptor, age and gender."""

from dataclasses import dataclass

from pipeline.attributes import MODEL, AgeGender
from pipeline.faces import FaceFinder
from pipeline.identity import Recognizer
from stylegan2 import zoo


@dataclass(frozen=True)
class Labellers:
    """The models that label a face; age and gender are not needed for the rater."""

    finder: FaceFinder
    recognizer: Recognizer
    age_gender: AgeGender | None = None


def require_labellers() -> None:
    """Raises ModelMissing if ``load_labellers`` would."""
    zoo.path(MODEL, "age-v1.onnx")
    zoo.path("dlib-faces", "dlib_face_recognition_resnet_model_v1.dat")


def load_labellers(*, age_gender: bool = True) -> Labellers:
    """Load the labellers. Raises ModelMissing or ModelCorrupt."""
    networks = AgeGender.load() if age_gender else None  # first, since it is the one that may not be fetched
    return Labellers(load_finder(), load_recognizer(), networks)


def load_finder() -> FaceFinder:
    """dlib's detectors and landmark predictor. Raises ModelMissing."""
    return FaceFinder(
        zoo.path("dlib-faces", "shape_predictor_68_face_landmarks.dat"),
        zoo.path("dlib-faces", "mmod_human_face_detector.dat"),
    )


def load_recognizer(device: str = "cpu") -> Recognizer:
    """dlib's recognition network. Raises ModelMissing."""
    return Recognizer(zoo.path("dlib-faces", "dlib_face_recognition_resnet_model_v1.dat"), device)
