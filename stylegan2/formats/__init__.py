"""Readers of the formats in which StyleGAN2 networks are published, one module a format.

A file is data here: nothing in it is ever called, imported or evaluated (see ``pickle_tree``), and what it
says about sizes is checked against the bytes that are there before anything is allocated.
"""
