"""The virtual environment of this checkout, and the models that are fetched with it."""
