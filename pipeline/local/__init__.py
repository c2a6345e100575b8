"""The local retouch: a module for each slider, on the photograph's own pixels, without the generator."""
