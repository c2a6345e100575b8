"""Networks of TensorFlow Lite: a reader, and a converter to ONNX."""
