"""PACKAGE retouchml/system."""
