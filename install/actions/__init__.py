"""What the installer can do and remove: one module for each row of ``table``."""
