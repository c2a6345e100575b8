"""Builds what others install: the two wheels."""
