"""What a model's own files say about it before its weights are read: kind, image processor, tokenizer, window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from heritage_assets.curation.encoders.interface import EncoderError
from heritage_assets.curation.encoders.weights import ModelFiles

if TYPE_CHECKING:
    from heritage_assets.curation.encoders.backends import Tokens
    from heritage_assets.curation.encoders.preprocessing import OwnProcessor, PlainRecipe
    from heritage_assets.curation.encoders.towers import ImageTower, TextTower

_LONGEST_WORD_PIECE = 32
"""Characters per token that are worth tokenizing: a book in a description field costs no more than the window."""

_LENGTH_STEP = 8
"""Texts are padded to multiples of it: few shapes, so that kernels made for one shape serve again."""

_NO_LIMIT = 1_000_000
"""Tokenizers without a limit of their own name an astronomic one."""


class Architecture:
    """A model's kind as its configuration tells it; weights are read by :meth:`towers` alone.

    Raises:
        EncoderError: the files are no image model that transformers knows, or parts are missing.
    """

    def __init__(self, files: ModelFiles) -> None:
        from transformers import AutoConfig, AutoImageProcessor, AutoModel, AutoTokenizer

        self.files = files
        self.tokenizer: Any = None
        self.max_text_tokens: int | None = None
        try:
            with quiet_transformers():
                self.config: Any = AutoConfig.from_pretrained(files.folder, local_files_only=True)
                self.processor: Any = AutoImageProcessor.from_pretrained(
                    files.folder, local_files_only=True, backend="pil"
                )
                model_class = AutoModel._model_mapping[type(self.config)]
                self.dual = hasattr(model_class, "get_text_features")
                if self.dual:
                    self.tokenizer = AutoTokenizer.from_pretrained(files.folder, local_files_only=True)
                    self.max_text_tokens = _window(self.config, self.tokenizer)
        except Exception as error:  # loaders raise whatever a broken file provokes
            raise _cannot_load(files, error) from error
        # SigLIP was trained on texts padded to the window, without a mask; SigLIP 2, whose tokenizer is Gemma's, in lower case.
        self._pad_to_window = str(self.config.model_type).startswith("siglip")
        self._lower_case = self._pad_to_window and type(self.tokenizer).__name__.startswith("Gemma")
        if self.config.model_type == "siglip2":
            raise EncoderError(
                f"can't use encoder {files.asked!r}: it takes images of any shape (NaFlex); take the SigLIP 2 model of a fixed "
                "resolution, such as google/siglip2-base-patch16-224"
            )

    def towers(self, preprocessing: PlainRecipe | OwnProcessor) -> tuple[ImageTower, TextTower | None]:
        """Read the weights (float32) and return both halves of the model.

        Raises:
            EncoderError: weights are missing or damaged.
        """
        import torch
        from transformers import AutoModel

        from heritage_assets.curation.encoders.towers import ImageTower, TextTower, pooler_is_trained

        try:
            with quiet_transformers():
                model, report = AutoModel.from_pretrained(
                    self.files.folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
                )
        except Exception as error:  # loaders raise whatever a broken file provokes
            raise _cannot_load(self.files, error) from error
        trained = pooler_is_trained(self.files.asked, sorted(report["missing_keys"]))
        model.eval()
        return (
            ImageTower(model, preprocessing.scaling, pooler_trained=trained),
            TextTower(model) if self.dual else None,
        )

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """Return the tokens of texts, int64 (n, length): cut to the window, padded to a length that few batches differ in."""
        assert self.max_text_tokens is not None
        cut = self.max_text_tokens * _LONGEST_WORD_PIECE
        read = [text[:cut].lower() if self._lower_case else text[:cut] for text in texts]
        found = self.tokenizer(read, truncation=True, max_length=self.max_text_tokens)
        longest = max(len(ids) for ids in found["input_ids"])
        length = min(-(-longest // _LENGTH_STEP) * _LENGTH_STEP, self.max_text_tokens)
        length = self.max_text_tokens if self._pad_to_window else length
        padded = self.tokenizer.pad(found, padding="max_length", max_length=length, return_tensors="np")
        masks = () if self._pad_to_window else ("attention_mask",)
        wanted = [name for name in ("input_ids", *masks) if name in found]
        return {name: np.ascontiguousarray(padded[name], dtype=np.int64) for name in wanted}


def _window(config: Any, tokenizer: Any) -> int:
    """Return how many tokens the text encoder reads: the positions it has, or fewer where its tokenizer says so."""
    text = getattr(config, "text_config", config)
    positions = int(text.max_position_embeddings)
    if "roberta" in str(text.model_type) or str(text.model_type).startswith("altclip"):
        positions -= int(text.pad_token_id) + 1  # RoBERTa and its kin count positions from behind the padding token
    limit = int(getattr(tokenizer, "model_max_length", _NO_LIMIT) or _NO_LIMIT)
    return min(positions, limit)


def _cannot_load(files: ModelFiles, error: Exception) -> EncoderError:
    return EncoderError(
        f"can't load encoder {files.asked!r} from {files.folder}: {error}. The folder must hold a transformers model "
        "(config.json, weights, preprocessor_config.json; a tokenizer too for CLIP and SigLIP)"
    )


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep loading bars and reports of unused classifier weights off the console."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
