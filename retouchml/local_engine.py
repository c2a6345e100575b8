"""The engines of this process: ``pipeline.retoucher``, imported only when one is made."""

from retouchml.engine import Engine


def local_engine(model: str, device: str) -> Engine:
    """An engine in this process; loading it takes seconds."""
    from pipeline.retoucher import Retoucher

    return Retoucher(model, device)


def tensorflow1_engine(model: str, device: str) -> Engine:
    """As ``local_engine``, with TensorFlow 1.15 running the generator; a StyleGAN2 network alone."""
    from pipeline.retoucher import Retoucher

    return Retoucher(model, device, engine="tensorflow1")
