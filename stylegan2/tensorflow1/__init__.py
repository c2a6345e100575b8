"""StyleGAN2 on TensorFlow 1.15: what runs in a Python 3.7 of its own, as a child of the retoucher.

These files import nothing else of the project, and nothing but numpy, msgpack and TensorFlow from outside.
The child finds them as the package ``tensorflow1``; ``frames`` alone is used on both sides of the pipe.
"""
