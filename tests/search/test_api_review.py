"""Reviewing: decisions are stored once, shown as pending, and take effect with the next canonicalization."""

import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from small_archive import open_client, wait_until

from heritage_assets.cli.chain import run_chain
from heritage_assets.curation.schemas import REVIEW_DECISIONS
from heritage_assets.embedded.vector_endpoint import stop_endpoint
from heritage_assets.stores.connect import Platform


@pytest.fixture(scope="module")
def own_archive(archive, tmp_path_factory):
    """A copy of the archive to decide about."""
    home = tmp_path_factory.mktemp("review") / "home"
    stop_endpoint(archive.home)  # everything of it is on disk then
    shutil.copytree(archive.home, home, ignore=shutil.ignore_patterns("endpoint.*", "*.lock"))
    settings = archive.model_copy(update={"home": home})
    yield settings
    stop_endpoint(home)


@pytest.fixture(scope="module")
def desk(own_archive):
    with open_client(own_archive) as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        yield client


def new_id():
    return uuid.uuid4().hex


def decide(desk, a, b, decision, **more):
    body = {"decision_id": new_id(), "guid_a": a, "guid_b": b, "decision": decision, **more}
    return desk.post("/api/v1/review", json=body)


def undo(desk, decision_id):
    return desk.post("/api/v1/review", json={"decision_id": new_id(), "decision": "undo", "undoes": decision_id})


def state_of(desk, decision_id):
    decisions = desk.get("/api/v1/review/decisions").json()["decisions"]
    return next(one["state"] for one in decisions if one["decision_id"] == decision_id)


def test_the_queue_asks_about_borderline_pairs(desk):
    queue = desk.get("/api/v1/review").json()
    (pair,) = queue["pairs"]
    assert {pair["a"]["guid"], pair["b"]["guid"]} == {"hostile", "obj-25"}
    assert pair["evidence"]["verdict"] == "review" and pair["evidence"]["why"]
    assert {"title", "identifiers"} <= set(pair["differences"])
    assert queue["progress"] == {"open": 1, "decided": 0, "pending": 0}


def test_the_same_decision_sent_again_is_stored_once(desk, own_archive):
    body = {"decision_id": new_id(), "guid_a": "obj-7", "guid_b": "obj-8", "decision": "different", "reviewer": "Anna"}
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: desk.post("/api/v1/review", json=body), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.text for answer in answers}) == 1
    stored = Platform(own_archive).lake.read(REVIEW_DECISIONS)
    assert stored["decision_id"].to_pylist().count(body["decision_id"]) == 1
    other = desk.post("/api/v1/review", json={**body, "decision": "same"})
    assert (other.status_code, other.json()["code"]) == (409, "decision_id_taken")


def test_two_reviewers_at_once_lose_nothing(desk, own_archive):
    before = Platform(own_archive).lake.count(REVIEW_DECISIONS)
    kinds = ["same", "different"] * 5
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda kind: decide(desk, "obj-10", "obj-11", kind), kinds))
    assert {answer.status_code for answer in answers} == {201}
    assert Platform(own_archive).lake.count(REVIEW_DECISIONS) == before + 10
    states = [state_of(desk, answer.json()["decision_id"]) for answer in answers]
    assert states.count("superseded") == 9
    moments = [answer.json()["decided_at"] for answer in answers]
    assert len(set(moments)) == 10
    last = max(answers, key=lambda answer: answer.json()["decided_at"]).json()
    assert undo(desk, last["decision_id"]).status_code == 201
    assert decide(desk, "obj-10", "obj-11", "different").status_code == 201


def test_who_decides_on_what_has_changed_meanwhile_is_told(desk):
    first = decide(desk, "obj-12", "obj-13", "different", expects=None)
    assert first.status_code == 201
    late = decide(desk, "obj-13", "obj-12", "variant", expects=None)
    assert (late.status_code, late.json()["code"]) == (409, "decided_meanwhile")
    assert decide(desk, "obj-13", "obj-12", "variant", expects=first.json()["decision_id"]).status_code == 201
    assert state_of(desk, first.json()["decision_id"]) == "superseded"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"guid_b": "nobody"}, 404, "unknown_record"),
        ({"guid_b": "obj-1"}, 409, "same_record"),
        ({"guid_b": None}, 404, "unknown_record"),
        ({"decision": "undo", "undoes": "nothing-such"}, 404, "unknown_decision"),
        ({"decision": "perhaps"}, 422, "wrong_parameters"),
        ({"decision_id": "../x"}, 422, "wrong_parameters"),
        ({"reviewer": "x" * 101}, 422, "wrong_parameters"),
        ({"extra": 1}, 422, "wrong_parameters"),
    ],
)
def test_decisions_that_make_no_sense_are_refused(desk, change, status, code):
    body = {"decision_id": new_id(), "guid_a": "obj-1", "guid_b": "obj-2", "decision": "same", **change}
    answer = desk.post("/api/v1/review", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_undone_decision_is_taken_back_once(desk):
    made = decide(desk, "obj-14", "obj-15", "same").json()
    assert made["state"] == "pending"
    assert undo(desk, made["decision_id"]).status_code == 201
    assert state_of(desk, made["decision_id"]) == "undone"
    again = undo(desk, made["decision_id"])
    assert (again.status_code, again.json()["code"]) == (409, "undone_already")


def test_decisions_take_effect_with_the_next_canonicalization(desk, own_archive):
    together = decide(desk, "hostile", "obj-25", "same", note="one sheet").json()
    apart = decide(desk, "obj-1", "copy-1", "variant").json()
    assert (together["state"], apart["state"]) == ("pending", "pending")
    progress = desk.get("/api/v1/review").json()["progress"]
    assert progress["open"] == 0 and progress["pending"] >= 2
    shown = desk.get("/api/v1/review", params={"show": "decided", "limit": 200}).json()
    assert "one sheet" in {pair["decision"]["note"] for pair in shown["pairs"]}
    assert all(one.success for one in run_chain(own_archive, ["museum-1"], "canonical_points", show=False))
    wait_until(lambda: state_of(desk, together["decision_id"]) == "in_effect", 20)
    assert state_of(desk, apart["decision_id"]) == "in_effect"
    card = desk.get("/api/v1/records/hostile").json()["card"]
    group = desk.get(f"/api/v1/duplicates/{card['canonical_id']}").json()
    assert {member["guid"] for member in group["members"]} == {"hostile", "obj-25"}
    assert together["decision_id"] in {one["decision_id"] for one in group["decisions"]}
    assert desk.get("/api/v1/records/obj-1").json()["card"]["copies"] == 1
