"""How collections lie on a Qdrant server (``HERITAGE_VECTORS__*``); the embedded endpoint has one layout and ignores them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Quantization(StrEnum):
    """What Qdrant keeps in memory for the search besides, or instead of, full vectors."""

    NONE = "none"
    SCALAR = "scalar"
    BINARY = "binary"


_OVERSAMPLING = {Quantization.SCALAR: 2.0, Quantization.BINARY: 4.0}


class VectorSettings(BaseModel):
    """Layout of new collections on a Qdrant server, and trust in it. What is not set stays the server's default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on_disk: bool | None = Field(
        None, description="Leave full vectors on disk (memory holds links and quantized ones)."
    )
    payload_on_disk: bool | None = Field(None, description="Leave payloads on disk.")
    quantization: Quantization = Field(
        Quantization.NONE, description="none, scalar (int8: a quarter) or binary (1/32)."
    )
    oversampling: float | None = Field(
        None,
        ge=1,
        description="Candidates taken from quantized vectors for each hit, then compared by full ones; default: 2 of scalar, "
        "4 of binary ones.",
    )
    shards: int | None = Field(None, ge=1, description="Shards of a collection; fixed when it is made.")
    replicas: int | None = Field(None, ge=1, description="Copies of each shard, on as many nodes.")
    write_consistency: int | None = Field(None, ge=1, description="Copies that must have taken a write.")
    indexing_threshold_kib: int | None = Field(
        None, ge=0, description="Size from which a segment is indexed; 0 while a large archive is loaded: no index."
    )
    parallel: int = Field(1, ge=1, le=64, description="Requests with points that are under way at a time.")
    grpc_port: int | None = Field(
        None, ge=1, le=65535, description="Port of the server's gRPC, usually 6334: points are then written over it."
    )
    ca_bundle: str | None = Field(None, description="PEM file of the authority that signed the server's certificate.")

    def layout(self) -> dict[str, Any]:
        """Return the fields of ``PUT /collections/NAME`` that were set, beside the vectors."""
        found: dict[str, Any] = {
            "on_disk_payload": self.payload_on_disk,
            "shard_number": self.shards,
            "replication_factor": self.replicas,
            "write_consistency_factor": self.write_consistency,
        }
        if self.quantization is Quantization.SCALAR:
            found["quantization_config"] = {"scalar": {"type": "int8", "quantile": 0.99, "always_ram": True}}
        if self.quantization is Quantization.BINARY:
            found["quantization_config"] = {"binary": {"always_ram": True}}
        if self.indexing_threshold_kib is not None:
            found["optimizers_config"] = {"indexing_threshold": self.indexing_threshold_kib}
        return {name: value for name, value in found.items() if value is not None}

    def search_params(self) -> dict[str, Any]:
        """Return what a query says beside its vector; docs/benchmarks.md has the recall behind the defaults."""
        taken = self.oversampling or _OVERSAMPLING.get(self.quantization)
        return {"params": {"quantization": {"rescore": True, "oversampling": taken}}} if taken else {}

    def vector(self, size: int) -> dict[str, Any]:
        """Return the description of one named vector of ``size`` numbers."""
        place = {} if self.on_disk is None else {"on_disk": self.on_disk}
        return {"size": size, "distance": "Cosine", **place}
