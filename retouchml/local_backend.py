"""The engines of this process: ``pipeline.retoucher``, imported only when one is made."""

from retouchml.backend import Backend


def local_engine(model: str, device: str) -> Backend:
    """An engine in this process; loading it takes seconds."""
    from pipeline.retoucher import Retoucher

    return Retoucher(model, device)


def tensorflow1_engine(model: str, device: str) -> Backend:
    """As ``local_engine``, with TensorFlow 1.15 running the generator; a StyleGAN2 network alone."""
    from pipeline.retoucher import Retoucher

    return Retoucher(model, device, engine="tensorflow1")
