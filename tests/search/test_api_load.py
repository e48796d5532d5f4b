"""Many at once: encoder calls are batched, answers stay right, and what is too much is shed instead of piling up."""

import asyncio

import httpx
import pytest
from small_archive import serving


def ask_at_once(address, queries):
    async def everybody():
        limits = httpx.Limits(max_connections=40)
        async with httpx.AsyncClient(base_url=address, limits=limits, timeout=60) as client:
            return await asyncio.gather(
                *(client.get("/api/v1/search", params={"q": query, "limit": 5}) for query in queries)
            )

    return asyncio.run(everybody())


def figure(address, name):
    lines = httpx.get(f"{address}/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(name)).rpartition(" ")[2])


@pytest.fixture(scope="module")
def address(archive):
    with serving(archive) as found:
        yield found


def test_forty_at_once_get_what_each_gets_alone(address):
    queries = [f"a coin of the town, number {number}" for number in range(40)]
    before = (
        figure(address, 'heritage_encoder_batch_count{kind="text"}')
        if "text" in httpx.get(f"{address}/metrics").text
        else 0
    )
    answers = ask_at_once(address, queries)
    assert {answer.status_code for answer in answers} == {200}
    calls = figure(address, 'heritage_encoder_batch_count{kind="text"}') - before
    assert calls < len(queries)
    for query, answer in zip(queries[::8], answers[::8], strict=True):
        alone = httpx.get(f"{address}/api/v1/search", params={"q": query, "limit": 5}).json()
        assert [hit["guid"] for hit in alone["results"]] == [hit["guid"] for hit in answer.json()["results"]]


def test_too_much_is_shed_with_the_time_to_come_back(archive):
    with serving(archive, encoder_queue=2, encoder_batch=1) as address:
        answers = ask_at_once(address, [f"word {number}" for number in range(40)])
        assert {answer.status_code for answer in answers} == {200, 503}
        refused = [answer for answer in answers if answer.status_code == 503]
        assert {answer.json()["code"] for answer in refused} == {"overloaded"}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert figure(address, 'heritage_shed{for="encoder"}') == len(refused)
        assert httpx.get(f"{address}/api/v1/search", params={"q": "afterwards"}).status_code == 200
