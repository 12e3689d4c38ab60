"""What the node counts, in one value with its own registry, and the page where Prometheus reads.

The methods may be called from any thread. Labels come from small closed sets (reasons, outcomes,
route names), never from what a peer sent.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_BATCH_UNITS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
LAG_PROBE_SECONDS = 0.25


class Metrics:
    """The figures of one running node."""

    def __init__(self) -> None:
        """Start all figures at nothing."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        counter = partial(Counter, namespace="noaber", registry=self.registry)
        gauge = partial(Gauge, namespace="noaber", registry=self.registry)
        histogram = partial(Histogram, namespace="noaber", registry=self.registry)
        self._requests = counter(
            "http_requests", "Answers by route and status.", ["route", "status"]
        )
        self._request_seconds = histogram(
            "http_request_seconds", "Time to an answer.", ["route"], buckets=_SECONDS
        )
        self._of_requests: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._accepted = counter("inbox_accepted", "Activities taken in.")
        self._rejected = counter("inbox_rejected", "Activities refused.", ["reason"])
        self._deliveries = counter("deliveries", "Attempts to deliver.", ["outcome"])
        self._jobs = counter("jobs", "Jobs that ended.", ["kind", "outcome"])
        self._batch_units = histogram(
            "writer_batch_units", "Units in a commit.", buckets=_BATCH_UNITS
        )
        self._batch_seconds = histogram(
            "writer_batch_seconds", "Time of a commit.", buckets=_SECONDS
        )
        self._loop_lag = histogram(
            "loop_lag_seconds", "How late the event loop is.", buckets=_SECONDS
        )
        self._consumer_lag = gauge(
            "consumer_lag_events", "Events a consumer has yet to see.", ["consumer"]
        )
        self._passed_over = counter(
            "events_passed_over", "Events that a consumer could not act on.", ["consumer"]
        )
        self._queue_depth = gauge("queue_depth", "What waits.", ["queue"])

    def request_answered(self, route: str, status: int, seconds: float) -> None:
        """Count an answer of the HTTP server; `route` is the name in the route table."""
        figures = self._of_requests.get((route, status))
        if figures is None:
            # Looking up labels costs as much as counting; there are few pairs.
            figures = self._requests.labels(route, status), self._request_seconds.labels(route)
            self._of_requests[route, status] = figures
        counter, histogram = figures
        counter.inc()
        histogram.observe(seconds)

    def inbox_accepted(self) -> None:
        """Count an activity that was taken in."""
        self._accepted.inc()

    def inbox_rejected(self, reason: str) -> None:
        """Count an activity that was refused, by the word for the reason."""
        self._rejected.labels(reason).inc()

    def delivery(self, outcome: str) -> None:
        """Count an attempt to deliver: done, later, dropped, refused."""
        self._deliveries.labels(outcome).inc()

    def job(self, kind: str, outcome: str) -> None:
        """Count a job that ended: done, later, failed."""
        self._jobs.labels(kind, outcome).inc()

    def writer_batch(self, units: int, seconds: float) -> None:
        """Measure one commit of the writer."""
        self._batch_units.observe(units)
        self._batch_seconds.observe(seconds)

    def loop_lag(self, seconds: float) -> None:
        """Measure how much too late the event loop came to a timer."""
        self._loop_lag.observe(seconds)

    def consumer_lag(self, consumer: str, events: int) -> None:
        """Say how many events a consumer is behind."""
        self._consumer_lag.labels(consumer).set(events)

    def event_passed_over(self, consumer: str) -> None:
        """Count an event that a consumer could not act on."""
        self._passed_over.labels(consumer).inc()

    def queue_depth(self, queue: str, waiting: int) -> None:
        """Say how much waits in a queue: writer, jobs, deliveries."""
        self._queue_depth.labels(queue).set(waiting)


async def watch_loop_lag(
    metrics: Metrics, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Measure the lag of the event loop for ever."""
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + LAG_PROBE_SECONDS
        await sleep(LAG_PROBE_SECONDS)
        metrics.loop_lag(max(0.0, clock() - due))


def metrics_app(metrics: Metrics) -> web.Application:
    """The application for the separate address: GET /metrics."""

    async def show(_request: web.Request) -> web.Response:
        body = generate_latest(metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/metrics", show)
    return app
