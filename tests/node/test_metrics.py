"""The figures that Prometheus reads from the separate address."""

import pytest
from aiohttp.test_utils import TestClient, TestServer

from node.metrics import Metrics, metrics_app, watch_loop_lag


async def scrape(metrics: Metrics) -> list[str]:
    async with TestClient(TestServer(metrics_app(metrics))) as client:
        answer = await client.get("/metrics")
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        return (await answer.text()).splitlines()


async def test_what_was_counted_is_on_the_page() -> None:
    metrics = Metrics()

    metrics.inbox_accepted()
    metrics.inbox_rejected("unsigned")
    metrics.delivery("done")
    metrics.job("fetch", "failed")
    metrics.writer_batch(3, 0.004)
    metrics.consumer_lag("outbound", 12)
    metrics.queue_depth("writer", 7)
    metrics.request_answered("inbox", 202, 0.003)

    lines = await scrape(metrics)
    assert "noaber_inbox_accepted_total 1.0" in lines
    assert 'noaber_inbox_rejected_total{reason="unsigned"} 1.0' in lines
    assert 'noaber_deliveries_total{outcome="done"} 1.0' in lines
    assert 'noaber_jobs_total{kind="fetch",outcome="failed"} 1.0' in lines
    assert "noaber_writer_batch_units_sum 3.0" in lines
    assert 'noaber_consumer_lag_events{consumer="outbound"} 12.0' in lines
    assert 'noaber_queue_depth{queue="writer"} 7.0' in lines
    assert 'noaber_http_requests_total{route="inbox",status="202"} 1.0' in lines


async def test_two_nodes_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()

    one.inbox_accepted()

    assert "noaber_inbox_accepted_total 0.0" in await scrape(other)


async def test_lag_of_the_loop_is_measured_at_each_tick() -> None:
    metrics = Metrics()
    ticks = iter(range(3))

    async def tick(_seconds: float) -> None:
        if next(ticks, None) is None:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await watch_loop_lag(metrics, tick)

    assert "noaber_loop_lag_seconds_count 3.0" in await scrape(metrics)
