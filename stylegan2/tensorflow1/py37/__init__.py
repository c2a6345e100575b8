"""The program of the child process, for Python 3.7 with TensorFlow 1.15.

It imports nothing else of the project, and nothing but numpy, msgpack and TensorFlow from outside. There this
package is called ``py37``; the main Python uses its ``messages`` as well.
"""
