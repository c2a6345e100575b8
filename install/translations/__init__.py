"""Texts and their translations: collected from the code, kept in ``.po`` files, compiled to ``.mo``."""
