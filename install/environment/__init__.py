"""PACKAGE install/environment."""
