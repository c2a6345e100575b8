"""The regions of a face: eyes, teeth, lips, brows, skin, hair and glasses."""

from pipeline.regions.face import FaceRegions, face_regions

__all__ = ["FaceRegions", "face_regions"]
