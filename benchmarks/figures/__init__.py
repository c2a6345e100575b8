"""Figures of one retouched face: pure functions of its pictures before and after.

Pictures are float32 RGB [S, S, 3] in [0, 1], of the same crop; landmarks are [68, 2] in its pixels.
"""
