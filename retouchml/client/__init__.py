"""PACKAGE retouchml/client."""
