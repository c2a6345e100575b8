"""PACKAGE tests/editors/setup."""
