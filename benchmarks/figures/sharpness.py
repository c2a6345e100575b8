"""Sharpness of the features, and the grain of the skin."""

import cv2

from benchmarks.figures.faces import Picture, Points, bare_skin
from pipeline.masks import feature_mask


def sharpness(picture: Picture, landmarks: Points) -> float:
    """Variance of the Laplacian in eyes, brows and lips."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    mask = feature_mask(landmarks, picture.shape[0]) > 0.5
    return float(cv2.Laplacian(grey, cv2.CV_32F)[mask].var())


def grain(picture: Picture, landmarks: Points) -> float:
    """Standard deviation of the Laplacian on bare skin; 1 if none is seen."""
    mask = bare_skin(picture, landmarks)
    laplacian = cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_32F)
    return float(laplacian[mask].std()) if mask.any() else 1.0
