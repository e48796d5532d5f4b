"""Object storage: a folder, a real S3 server and memory keep the same promises."""

from __future__ import annotations

import os
import pickle
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heritage_assets.stores.held_objects import HeldObjects
from heritage_assets.stores.objects import (
    FolderStore,
    InvalidKeyError,
    ObjectStore,
    check_key,
    open_object_store,
)
from heritage_assets.stores.s3 import S3Access, ensure_bucket


@pytest.fixture(params=["folder", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "folder":
        return open_object_store(tmp_path.as_uri())
    if request.param == "memory":
        return HeldObjects()
    endpoint = os.environ.get("HERITAGE_TEST_S3_ENDPOINT")
    if not endpoint:
        pytest.skip("no S3 server (set HERITAGE_TEST_S3_ENDPOINT, or have MinIO built by scripts/services.sh)")
    access = S3Access(
        endpoint=endpoint,
        access_key=os.environ["HERITAGE_TEST_S3_ACCESS_KEY"],
        secret_key=os.environ["HERITAGE_TEST_S3_SECRET_KEY"],
    )
    root = f"s3://test-{uuid.uuid4().hex[:12]}/some/prefix"
    assert ensure_bucket(root, access)
    assert not ensure_bucket(root, access)
    return open_object_store(root, s3_options=access.boto3_options())


def test_what_is_put_can_be_read(store: ObjectStore) -> None:
    assert store.put("a/b.txt", b"first")
    assert store.get("a/b.txt") == b"first"
    assert store.exists("a/b.txt")
    store.put("a/b.txt", b"second")
    assert store.get("a/b.txt") == b"second"


def test_what_is_absent_says_so(store: ObjectStore) -> None:
    assert not store.exists("nothing/here")
    with pytest.raises(KeyError, match="nothing/here"):
        store.get("nothing/here")
    store.delete("nothing/here")


def test_put_if_absent_keeps_the_first(store: ObjectStore) -> None:
    assert store.put("seal", b"mine", if_absent=True)
    assert not store.put("seal", b"yours", if_absent=True)
    assert store.get("seal") == b"mine"


def test_list_is_sorted_and_stays_in_its_folder(store: ObjectStore) -> None:
    for key in ("x/2", "x/1", "x/deep/3", "xy/4"):
        store.put(key, key.encode())
    assert [info.key for info in store.list("x")] == ["x/1", "x/2", "x/deep/3"]
    assert [info.key for info in store.list()] == ["x/1", "x/2", "x/deep/3", "xy/4"]
    assert {info.size for info in store.list("x")} == {3, 8}


def test_delete_removes(store: ObjectStore) -> None:
    store.put("gone", b"")
    store.delete("gone")
    assert not store.exists("gone")


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../secret", "a/../../b", "a//b", "a/./b", "a\\b", "a\x00b", "a\nb"]
)
def test_keys_that_could_escape_are_refused(store: ObjectStore, key: str) -> None:
    with pytest.raises(InvalidKeyError):
        store.put(key, b"x")


@given(st.text(max_size=40))
def test_an_accepted_key_stays_below_the_root(key: str) -> None:
    try:
        check_key(key)
    except InvalidKeyError:
        return
    root = Path("/some/root")
    assert (root / key).resolve().is_relative_to(root)


def test_a_half_written_object_is_not_listed(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put("done", b"x")
    (tmp_path / ".writing-abc").write_bytes(b"half")
    assert [info.key for info in store.list()] == ["done"]


def test_an_object_that_goes_while_others_are_listed_is_passed_over(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for key in ("a", "b", "c"):
        store.put(key, b"x")
    listed = store.list()
    first = next(listed)
    store.delete("b")
    assert [first.key, *(info.key for info in listed)] == ["a", "c"]


def test_another_scheme_is_a_clear_error() -> None:
    with pytest.raises(ValueError, match="ftp://host/x"):
        open_object_store("ftp://host/x")


def test_a_store_travels_to_other_processes(store: ObjectStore) -> None:
    store.put("a/b.txt", b"first")
    there = pickle.loads(pickle.dumps(store))
    assert there.get("a/b.txt") == b"first"
    assert there.uri("a/b.txt") == store.uri("a/b.txt")
