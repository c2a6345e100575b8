"""StyleGAN2 on TensorFlow 1.15: a generator whose computing is done by a child process under Python 3.7.

What runs in the child lies in ``py37``, apart from the rest.
"""
