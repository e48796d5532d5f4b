"""Settings of grouping pages into documents (``HERITAGE_PAGES__*``, or a settings file of one run)."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Method = Literal["stream", "similarity", "learned"]
Metric = Literal["boundary_f1", "bcubed_f1"]
OcrChoice = Literal["auto", "off", "rapidocr", "tesseract"]

METHODS: tuple[Method, ...] = ("stream", "similarity", "learned")


class GroupingSettings(BaseModel):
    """How one run groups scans; the fields of a settings file. The defaults need no tuning."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method = Field(
        "stream",
        description="stream (ordered scans), similarity (unordered scans) or learned (from confirmed documents).",
    )
    typical_length: Annotated[float, Field(gt=1)] = Field(
        8.0, description="stream, learned: pages of a usual document; a prior, lengths spread widely around it."
    )
    longest: Annotated[int, Field(ge=1)] = Field(
        400, description="stream, learned: most pages of one proposed document."
    )
    window: Annotated[int, Field(ge=2, le=64)] = Field(
        12, description="Scans on each side that a scan is compared with."
    )
    caution: float = Field(
        0.0, description="Added evidence (natural logarithm of odds) against every cut; negative: cut more readily."
    )
    threshold: Annotated[float, Field(gt=0, lt=1)] | Literal["auto"] = Field(
        "auto",
        description="similarity: least mean similarity of two groups that are joined; auto: from the collection itself.",
    )
    neighbours: Annotated[int, Field(ge=2, le=200)] = Field(
        20, description="similarity: nearest scans that a scan may be joined with."
    )

    def identity(self) -> str:
        """Return JSON with sorted keys, the same for equal settings."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    def run(self, dataset: str) -> str:
        """Name the run of a dataset with these settings: ``<method>-<10 hexadecimal digits>``."""
        digest = hashlib.sha256(f"{dataset}\x1f{self.identity()}".encode()).hexdigest()
        return f"{self.method}-{digest[:10]}"


class PageSettings(GroupingSettings):
    """Settings of the assets: what is computed for which datasets, and how it is grouped."""

    datasets: tuple[str, ...] = Field((), description="Datasets whose images are scanned pages (JSON list).")
    ocr: OcrChoice = Field(
        "off", description="Reads the pages (seconds each): off, auto (what is there), rapidocr or tesseract."
    )
    order: str = Field("file", description="Scanning order: file (name of the image), or a column of the records.")
    truth: str | None = Field(None, description="CSV (scan,group[,position]) that page_group_evaluation compares with.")

    def grouping(self) -> GroupingSettings:
        """Return the part that makes a run."""
        return GroupingSettings.model_validate({name: getattr(self, name) for name in GroupingSettings.model_fields})
