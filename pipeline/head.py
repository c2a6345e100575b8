"""Where a picture shows a head: face, hair, ears and neck, without clothes and background."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask, Points, outline
from pipeline.person import PersonNetwork

_SIDE = 256  # pixels; the head is cut out at this side
_ROUNDS = 3  # of GrabCut
_CLOTHES = -0.2, -0.6  # of the face's width below the chin; from where on all may be clothes, or nothing is
_NOTCH = 15  # pixels; what is narrower between hair and neck belongs to the head: an earring
_SURE, _NEVER = 0.30, 0.85  # of the face's width; distance from it within which hair is likely, or impossible
_PERSON = 0.5  # of what the network says; from there on it is a person
_KNOWN = 0.9  # of that, on average inside the face, below which it does not know this person
_NECK = 0.32  # of the face's width; how far below the chin the neck is taken along


def head_mask(
    picture: NDArray[np.float32],  # FFHQ crop [S, S, 3] in [0, 1]
    landmarks: Points,  # [68, 2] in its pixels
    people: PersonNetwork | None = None,  # None where it was not fetched: then colours alone decide
) -> Mask:
    """How far [S, S], 0 to 1, each pixel belongs to the head; it fades out down the neck.

    By ``cut_out``, from the outline of the face and what is near to it and far away. Where the network knows
    the person, it bounds the head, and colours only tell it from the clothes.
    """
    size = picture.shape[0]
    scale = _SIDE / size
    points = (landmarks + 0.5) * scale - 0.5
    small = np.asarray(cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.float32)
    face = outline(points, _SIDE)
    labels = _labels(points, face)
    below, _ = _from_chin(points)
    shown = None if people is None else people.shown(small)
    if shown is not None and float(shown[face > 0].mean()) >= _KNOWN:
        small = _bounded(small, shown >= _PERSON, points, labels)
    labels[cv2.dilate(face, np.ones((3, 3), np.uint8)) > 0] = cv2.GC_FGD
    found = cut_out(small, labels, _ROUNDS)
    closed = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((_NOTCH, _NOTCH), np.uint8))
    found = _one_piece(np.asarray(closed, np.uint8), face)
    soft = cv2.GaussianBlur(found.astype(np.float32), (0, 0), 1.2)
    soft *= np.clip((_NECK - below) / (0.75 * _NECK), 0.0, 1.0)
    whole = cv2.resize(soft, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(whole, 0.0, 1.0), np.float32)


def _labels(points: Points, face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What is likely the head, and what it cannot be, by the place alone, as OpenCV's ``GC_`` classes."""
    span = float(np.hypot(*(points[16] - points[0])))
    distance = cv2.distanceTransform(1 - face, cv2.DIST_L2, 5)
    labels = np.full((_SIDE, _SIDE), cv2.GC_PR_BGD, np.uint8)
    labels[distance < _SURE * span] = cv2.GC_PR_FGD
    labels[distance > _NEVER * span] = cv2.GC_BGD
    below, beside = _from_chin(points)
    labels[(below > 0.0) & (beside < 0.30)] = cv2.GC_PR_FGD
    labels[(below > 0.05) & (beside < 0.12)] = cv2.GC_FGD
    labels[(below > 0.25) & (beside > 0.6)] = cv2.GC_BGD
    return labels


def _bounded(
    picture: NDArray[np.float32],  # [256, 256, 3]
    person: NDArray[np.bool_],  # [256, 256]
    points: Points,  # [68, 2] in its pixels
    labels: NDArray[np.uint8],  # [256, 256] by the place alone; refined in place
) -> NDArray[np.float32]:
    """The picture, in which colours now only tell the head from its clothes.

    What is no person is not the head, and what is one above the chin is. The wall gets the colours of what
    may be clothes, for hair of the wall's own colour would be taken for it.
    """
    below, beside = _from_chin(points)
    never, sure = labels == cv2.GC_BGD, labels == cv2.GC_FGD
    labels[:] = cv2.GC_PR_FGD
    labels[(below > 0.05) & (beside > 0.45)] = cv2.GC_PR_BGD
    labels[(below > 0.15) & (beside > 0.65)] = cv2.GC_BGD
    labels[sure | (below < _CLOTHES[0])] = cv2.GC_FGD
    labels[never] = cv2.GC_BGD
    clothes = person & np.isin(labels, (cv2.GC_BGD, cv2.GC_PR_BGD))
    labels[~person] = cv2.GC_BGD
    bounded = picture.copy()
    if clothes.any():
        bounded[~person] = picture[clothes].mean(axis=0)
    return bounded


def above_clothes(landmarks: Points, size: int) -> Mask:
    """How far [S, S], 0 to 1, each pixel of a crop lies above all clothes; landmarks: [68, 2] in it."""
    below, _ = _from_chin((landmarks + 0.5) * (_SIDE / size) - 0.5)
    low, high = _CLOTHES
    above = np.clip((low - below) / (low - high), 0.0, 1.0).astype(np.float32)
    return np.asarray(cv2.resize(above, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _from_chin(points: Points) -> tuple[Mask, Mask]:
    """How far each pixel lies below the chin, and beside the line from the nose through it.

    In widths of the face; points: [68, 2] in pixels of the side at which heads are cut out
    """
    span = float(np.hypot(*(points[16] - points[0])))
    up = points[27] - points[8]
    up = up / max(float(np.hypot(*up)), 1e-6)
    y, x = np.mgrid[0:_SIDE, 0:_SIDE].astype(np.float32)
    x, y = x - points[8, 0], y - points[8, 1]
    return -(x * up[0] + y * up[1]) / span, np.abs(x * up[1] - y * up[0]) / span


def cut_out(picture: NDArray[np.float32], labels: NDArray[np.uint8], rounds: int) -> NDArray[np.uint8]:
    """Where a picture [S, S, 3] in [0, 1] shows what ``labels`` [S, S] mark: 1 there, 0 elsewhere.

    GrabCut (Rother et al., "GrabCut: interactive foreground extraction using iterated graph cuts", SIGGRAPH
    2004), the same for the same input. labels: OpenCV's ``GC_`` classes; they are refined in place
    """
    image = np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    cv2.grabCut(image, labels, None, *models, rounds, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)


def _one_piece(found: NDArray[np.uint8], face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The pieces [S, S] that hang together with the face."""
    _, labels = cv2.connectedComponents(found)
    with_face = np.unique(labels[(face > 0) & (found > 0)])
    return np.asarray(np.isin(labels, with_face[with_face > 0]), np.uint8)
