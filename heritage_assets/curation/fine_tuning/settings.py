"""How an encoder is fine-tuned."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Method(StrEnum):
    """Which weights learn."""

    AUTO = "auto"
    """All of a small model (up to 30 million weights), LoRA of a larger one."""
    FULL = "full"
    LORA = "lora"


@dataclass(frozen=True)
class FineTuning:
    """The plan of one fine-tuning.

    ``learning_rate`` is the peak, after a warm-up and before a cosine down to nothing; None: 1e-4 for all weights, 1e-3 for LoRA.
    ``held_out`` is the share of objects (not records) that judge and never train. ``most_records`` bounds the time and the
    150 KB a picture (at 224 × 224) that wait on disk.
    """

    method: Method = Method.AUTO
    epochs: int = 6
    batch_size: int = 64
    learning_rate: float | None = None
    weight_decay: float = 0.05
    lora_rank: int = 8
    held_out: float = 0.2
    most_records: int = 20_000
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a plan that can't be carried out."""
        if self.epochs < 1 or self.batch_size < 2 or self.lora_rank < 1 or self.most_records < 2:
            raise ValueError("epochs and lora_rank must be at least 1, batch_size and most_records at least 2")
        if not 0 < self.held_out < 1:
            raise ValueError(f"held_out {self.held_out} is no share: give a number between 0 and 1, such as 0.2")
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise ValueError(f"learning_rate {self.learning_rate} must be above 0")
