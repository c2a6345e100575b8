"""PACKAGE install/service."""
