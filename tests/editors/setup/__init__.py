"""Sets up real editors for tests, with the installer's console and processes: ``install test --editors``."""
