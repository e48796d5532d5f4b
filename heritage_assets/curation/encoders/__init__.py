"""Encoders: what turns images and texts into vectors, behind one interface.

Belongs here: finding weights, preprocessing, running a model. Does not belong here: where images come from, what is done with
vectors. Importing this package loads neither torch nor transformers.
"""

from heritage_assets.curation.encoders.interface import Encoder, EncoderError, EncoderUnusableError
from heritage_assets.curation.encoders.loading import load_encoder
from heritage_assets.curation.encoders.spec import Backend, EncoderSpec, Precision

__all__ = [
    "Backend",
    "Encoder",
    "EncoderError",
    "EncoderSpec",
    "EncoderUnusableError",
    "Precision",
    "load_encoder",
]
