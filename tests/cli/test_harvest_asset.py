"""The ``harvest`` asset over a ``sources.yaml``: every source is tried, and a retry asks only those that failed."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml

from heritage_assets.assets.harvest import harvest, harvest_source, read_sources
from heritage_assets.curation.landing import LandingZone
from heritage_assets.resources.http_fetcher import HttpFetcherResource
from heritage_assets.resources.object_store import ObjectStoreResource
from heritage_assets.settings import FetchSettings
from heritage_assets.stores.objects import FolderStore


@pytest.fixture
def project(tmp_path):
    (tmp_path / "a.csv").write_text("id,title\n1,x\n2,y\n")
    (tmp_path / "m.yaml").write_text("guid: id\ntitle: title\n")
    entries = [
        {"name": "good", "kind": "csv", "dataset": "good", "path": "a.csv", "columns": {"guid": "id"}},
        {"name": "late", "kind": "jsonl", "dataset": "late", "path": "b.jsonl", "mapping": "m.yaml"},
        {"name": "wrong", "kind": "csv", "dataset": "wrong", "path": "a.csv", "since": "last"},
    ]
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump({"sources": entries}))
    return tmp_path


def materialize(project, instance, names, **options):
    resources = {
        "object_store": ObjectStoreResource(root=(project / "lake").as_uri()),
        "http_fetcher": HttpFetcherResource(policy={}),
    }
    config = {"ops": {"harvest": {"config": {"sources_file": str(project / "sources.yaml"), "sources": names}}}}
    return dg.materialize([harvest], instance=instance, resources=resources, run_config=config, **options)


def batches(project):
    return sorted(path.parent.name for path in (project / "lake").rglob("manifest.json"))


def test_one_failing_source_does_not_stop_the_others(project):
    with dg.DagsterInstance.ephemeral() as instance:
        done = materialize(project, instance, ["late", "good"], raise_on_error=False)
    (failure,) = done.filter_events(lambda event: event.is_step_failure)
    told = failure.step_failure_data.user_failure_data
    assert "1 of 2 sources failed: late: source late: JSONL file" in told.description
    assert told.metadata["records"].value == 2
    assert not done.filter_events(lambda event: event.is_step_up_for_retry), "no retry makes a file that is not there"
    assert [batch for batch in batches(project) if not batch.startswith("good-")] == []


def test_a_retry_takes_what_this_run_has_sealed(project):
    entries = {entry["name"]: entry for entry in read_sources(project / "sources.yaml", [])}
    zone, fetch, began = LandingZone(FolderStore(project / "lake")), FetchSettings(), datetime.now(UTC)

    def ask(name, sealed_after=None):
        return harvest_source(entries[name], project, zone, fetch, sealed_after=sealed_after)

    first = ask("good", began)
    assert ask("good", began).manifest == first.manifest
    assert ask("good", datetime.now(UTC)).manifest != first.manifest
    assert ask("wrong").permanent, "no retry teaches a file to tell what changed"
    assert "can't tell what changed" in ask("wrong").error
    assert ask("late").permanent


def test_all_is_told_of_each_source(project):
    with dg.DagsterInstance.ephemeral() as instance:
        done = materialize(project, instance, ["good"])
    (event,) = done.asset_materializations_for_node("harvest")
    assert event.metadata["records"].value == 2
    (row,) = event.metadata["sources"].records
    assert (row.data["name"], row.data["complete"], row.data["dataset"]) == ("good", True, "good")


def test_a_missing_or_faulty_file_is_no_reason_to_try_again(project):
    for text, message in [
        ("sources: 1", "must hold"),
        ("a: [", "not YAML"),
        ("sources: [{name: a}]", "name a dataset"),
    ]:
        (project / "faulty.yaml").write_text(text)
        with pytest.raises(dg.Failure, match=message) as caught:
            read_sources(project / "faulty.yaml", [])
        assert caught.value.allow_retries is False
    with pytest.raises(dg.Failure, match="copy sources"):
        read_sources(project / "nowhere.yaml", [])
    with pytest.raises(dg.Failure, match="no source named nope"):
        read_sources(project / "sources.yaml", ["nope"])


def test_the_example_file_is_read_and_every_kind_in_it_is_known(project):
    from heritage_assets.curation.sources import SOURCES, parse_since, source_from_config

    example = next(parent / "sources.example.yaml" for parent in Path(__file__).parents
                   if (parent / "sources.example.yaml").is_file())  # fmt: skip
    entries = read_sources(example, [])
    assert {entry["kind"] for entry in entries} == set(SOURCES)
    for entry in entries:
        if entry["kind"] in ("europeana", "oai-pmh", "iiif"):
            assert source_from_config(entry, fetch=FetchSettings()).kind == entry["kind"]
        assert parse_since(entry.get("since")) in (None, "last")
