"""A run that is killed goes on where it stopped: at most one piece of rows is fetched again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import hostile_provider as hp
import pyarrow as pa
import pytest
import sample_images as samples
from image_runs import QUICK, tasks

from heritage_assets.curation.images import Checkpoint, FetchSettings, fetch_images
from heritage_assets.curation.schemas import IMAGE_TASKS
from heritage_assets.stores.objects import FolderStore

RECORDS = 1_000
RUN = """
import sys
from pathlib import Path
import pyarrow as pa
from image_runs import QUICK, tasks
from heritage_assets.curation.images import Checkpoint, FetchSettings, fetch_images
from heritage_assets.curation.schemas import IMAGE_TASKS
from heritage_assets.stores.objects import FolderStore

folder, base, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = FolderStore(Path(folder))
table = pa.Table.from_batches(tasks({f"g{n}": f"{base}i{n}" for n in range(count)}), schema=IMAGE_TASKS)
checkpoint = Checkpoint(store, "b1", "base")
checkpoint.record(fetch_images(checkpoint.left(table), store, FetchSettings(**QUICK)))
"""


def table_of(urls: dict[str, str | None]) -> pa.Table:
    return pa.Table.from_batches(tasks(urls), schema=IMAGE_TASKS)


def rows_of(checkpoint: Checkpoint, table: pa.Table) -> dict[str, dict]:
    rows = [row for piece in checkpoint.rows(table) for row in piece.to_pylist()]
    assert len({row["guid"] for row in rows}) == len(rows)
    return {row["guid"]: row for row in rows}


@pytest.mark.slow
def test_each_kill_costs_one_piece_at_most(tmp_path: Path) -> None:
    body = samples.jpeg(1, (64, 48))

    async def slowly(exchange: hp.Exchange) -> None:
        await hp.asyncio.sleep(0.02)
        await exchange.reply(200, body, Content_Type="image/jpeg")

    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with hp.Provider({f"i{n}": slowly for n in range(RECORDS)}) as provider:
        command = [sys.executable, "-c", RUN, str(tmp_path), provider.url(""), str(RECORDS)]
        kills = 4
        for _ in range(kills):
            before = len(provider.log)
            run = subprocess.Popen(command, env=environment)
            while run.poll() is None and len(provider.log) < before + 230:
                time.sleep(0.005)
            run.send_signal(signal.SIGKILL)
            run.wait()
        subprocess.run(command, env=environment, check=True)
        asked = Counter(request.path for request in provider.log)
    assert set(asked) == {f"i{n}" for n in range(RECORDS)}
    assert sum(asked.values()) - RECORDS <= kills * 256
    assert sum(asked.values()) < RECORDS + kills * 230, "nothing was kept"
    table = table_of({f"g{n}": provider.url(f"i{n}") for n in range(RECORDS)})
    rows = rows_of(Checkpoint(FolderStore(tmp_path), "b1", "base"), table)
    assert len(rows) == RECORDS and {row["status"] for row in rows.values()} == {"OK"}


def test_what_is_kept_is_what_was_fetched_and_is_gone_afterwards(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with hp.Provider({"a": hp.image(samples.jpeg()), "b": hp.status(500)}) as provider:
        table = table_of({"1": provider.url("a"), "2": provider.url("b"), "3": None})
        checkpoint = Checkpoint(store, "b1", "base")
        assert checkpoint.record(fetch_images(checkpoint.left(table), store, FetchSettings(**QUICK))) == 3
    later = Checkpoint(store, "b1", "base")
    assert sum(part.num_rows for part in later.left(table)) == 0
    found = {guid: row["reason"] for guid, row in rows_of(later, table).items()}
    assert found == {"1": None, "2": "server_error", "3": "no_image_url"}
    assert sum(part.num_rows for part in Checkpoint(store, "b1", "another base").left(table)) == 3
    later.clear()
    assert list(store.list("checkpoints")) == [] and rows_of(later, table) == {}


def test_a_record_that_changed_or_went_since_the_kill_is_not_taken_from_it(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with hp.Provider({name: hp.image(samples.jpeg()) for name in ("a", "b", "c")}) as provider:
        before = table_of({"1": provider.url("a"), "2": provider.url("b")})
        checkpoint = Checkpoint(store, "b1", "base")
        checkpoint.record(fetch_images(checkpoint.left(before), store, FetchSettings(**QUICK)))
        after = table_of({"1": provider.url("c")})
        later = Checkpoint(store, "b1", "base")
        assert rows_of(later, after) == {}
        later.record(fetch_images(later.left(after), store, FetchSettings(**QUICK)))
    assert {guid: row["url"] for guid, row in rows_of(later, after).items()} == {"1": provider.url("c")}


def test_a_piece_of_another_version_is_passed_over(tmp_path: Path) -> None:
    store, table = FolderStore(tmp_path), table_of({"1": None})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, pa.schema([("guid", pa.string())])) as writer:
        writer.write_batch(pa.record_batch({"guid": ["1"]}))
    store.put("checkpoints/source_images/b1/base/000000-x.arrow", sink.getvalue().to_pybytes())
    assert sum(part.num_rows for part in Checkpoint(store, "b1", "base").left(table)) == 1
