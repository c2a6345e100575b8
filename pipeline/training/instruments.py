"""Loads the measuring instruments of training from the model zoo."""

from pipeline.attributes import AgeGender
from pipeline.faces import FaceFinder
from pipeline.identity import Recognizer
from pipeline.training.sampling import Labellers
from stylegan2 import zoo


def load_finder() -> FaceFinder:
    """dlib's detectors and landmark predictor. Raises ModelMissing."""
    return FaceFinder(
        zoo.path("dlib-faces", "shape_predictor_68_face_landmarks.dat"),
        zoo.path("dlib-faces", "mmod_human_face_detector.dat"),
    )


def load_recognizer(device: str = "cpu") -> Recognizer:
    """dlib's recognition network. Raises ModelMissing."""
    return Recognizer(zoo.path("dlib-faces", "dlib_face_recognition_resnet_model_v1.dat"), device)


def load_labellers(*, age_gender: bool = True) -> Labellers:
    """All instruments; the age and gender networks only where they are needed."""
    labels = AgeGender(zoo.path("age-gender", "age-v1.onnx").parent) if age_gender else None
    return Labellers(load_finder(), load_recognizer(), labels)
