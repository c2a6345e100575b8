"""PACKAGE stylegan2/mobile."""
