"""What a retouch does to many faces: ``python -m benchmarks.quality``."""
