"""fine_tuned_encoder: the encoder in use, adapted to the archive's own pictures and words, where that makes it better."""

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from heritage_assets.curation.encoders import Encoder
from heritage_assets.curation.encoders.spec import EncoderSpec
from heritage_assets.curation.fine_tuning import FineTuning, Judged, Tuned, fine_tune, judge, split
from heritage_assets.curation.fine_tuning.settings import Method
from heritage_assets.registry.encoders import RegisteredEncoder, register_encoder
from heritage_assets.registry.tracking import TrackedRun
from heritage_assets.resources.encoder import EncoderResource
from heritage_assets.resources.lake import LakeResource
from heritage_assets.resources.object_store import ObjectStoreResource
from heritage_assets.stores.training_pairs import picture_of, training_pairs

from .failures import RETRIES, retrying_only_transient
from .reporting import OWNERS

EXPERIMENT = "heritage-fine-tuning"
SHOWN = ("recall@1", "recall@5", "recall@10", "mrr", "map", "ndcg@10")


class FineTuningConfig(dg.Config):
    """How to fine-tune; see ``docs/encoders.md``."""

    base: str | None = Field(None, description="Encoder to start from; default: the one in use.")
    method: str = Field("auto", description="auto, full (all weights learn) or lora.")
    epochs: int = Field(FineTuning.epochs, description="Times that every pair is shown.")
    batch_size: int = Field(FineTuning.batch_size, description="Pairs that are told apart at a time.")
    learning_rate: float | None = Field(None, description="Peak; default by method.")
    held_out: float = Field(FineTuning.held_out, description="Share of the objects that judge and never train.")
    most_records: int = Field(FineTuning.most_records, description="Pairs that are drawn from a larger archive.")
    seed: int = Field(0, description="Seed of order and new weights.")
    alias: str | None = Field(None, description="Name to point at the new version where it is better.")

    def plan(self) -> FineTuning:
        """Return the plan that this asks for.

        Raises:
            ValueError: it can't be carried out.
        """
        return FineTuning(
            method=Method(self.method),
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            held_out=self.held_out,
            most_records=self.most_records,
            seed=self.seed,
        )


@dg.asset(
    deps=["cleansed_records", "source_images", "canonical_records"],
    group_name="encoders",
    owners=OWNERS,
    kinds={"pytorch", "huggingface", "mlflow"},
    code_version="1",
    retry_policy=RETRIES,
    pool="gpu",
)
def fine_tuned_encoder(
    context: dg.AssetExecutionContext,
    config: FineTuningConfig,
    lake: LakeResource,
    object_store: ObjectStoreResource,
    encoder: EncoderResource,
) -> dg.MaterializeResult:
    """Train the encoder in use further by contrast of the archive's own pictures and words, and judge it on records held out.

    Registered in MLflow only if it is better there; the archive goes on with the encoder in use until
    ``heritage encoder switch``.
    """
    with retrying_only_transient():
        plan, spec, store = config.plan(), encoder.spec(config.base), object_store.store()
        base = spec.load()
        parts = split(training_pairs(lake.open()), plan)
        picture = partial(picture_of, store)
        tracking = encoder.tracking()
        sizes = {"train_records": len(parts.train), "held_out_records": len(parts.held_out)}
        params = {**config.model_dump(), "base": base.id, **sizes}
        with (
            tempfile.TemporaryDirectory() as scratch,
            tracking.run(EXPERIMENT, f"{base.id} fine-tuned", params, {"heritage.base": base.id}) as run,
        ):
            tuned = fine_tune(spec.name, parts.train, picture, plan, Path(scratch) / "model", base.device)
            after = EncoderSpec(str(tuned.folder), base.device, spec.backend, spec.precision).load()
            judged = judge(base, after, parts.held_out, picture)
            track(run, tuned, judged)
            registered = None
            if judged.better:
                registered = register_encoder(tracking, str(tuned.folder), after, alias=config.alias, run_id=run.run_id)
    context.log.info("%s: mean reciprocal rank %+.4f ± %.4f", after.id, judged.gain, judged.standard_error)
    return dg.MaterializeResult(metadata=told(base, after, tuned, judged, registered, run.run_id))


def track(run: TrackedRun, tuned: Tuned, judged: Judged) -> None:
    """Log curves and figures."""
    run.curve("train/loss", tuned.losses)
    run.curve("train/learning_rate", tuned.learning_rates)
    run.figures(
        {
            "before": judged.before,
            "after": judged.after,
            "gain": judged.gain,
            "standard_error": judged.standard_error,
            "better": float(judged.better),
            "weights": {"all": tuned.weights, "trained": tuned.trained_weights},
        }
    )


def told(
    base: Encoder, after: Encoder, tuned: Tuned, judged: Judged, registered: RegisteredEncoder | None, run_id: str
) -> Mapping[str, Any]:
    """Return what the materialization says."""
    records = [
        dg.TableRecord({"figure": name, "before": float(judged.before[name]), "after": float(judged.after[name])})
        for name in SHOWN
    ]
    columns = [dg.TableColumn("figure", "string"), dg.TableColumn("before", "float"), dg.TableColumn("after", "float")]
    return {
        "base": base.id,
        "encoder": after.id,
        "better": judged.better,
        "registered": registered.uri if registered else "not registered: no better than its base",
        "method": tuned.method.value,
        "weights_trained": tuned.trained_weights,
        "steps": len(tuned.losses),
        "loss_first": tuned.losses[0],
        "loss_last": tuned.losses[-1],
        "gain_in_mean_reciprocal_rank": judged.gain,
        "standard_error": judged.standard_error,
        "held_out_records": judged.records,
        "held_out": dg.MetadataValue.table(records=records, schema=dg.TableSchema(columns)),
        "mlflow_run": run_id,
    }
