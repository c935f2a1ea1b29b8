"""What each process counts about itself, for Prometheus: requests by route, open sockets, how late live news are.

Nothing here names a person, an address or what was said. Where PROMETHEUS_MULTIPROC_DIR is set the library keeps the
numbers in files there, one set per process; `intranet.metrics` adds them up.
"""

from __future__ import annotations

from typing import Any

from prometheus_client import Counter, Gauge, Histogram

_requests = Counter("ck_requests", "Requests answered.", ["method", "route", "status"])
_seconds = Histogram(
    "ck_request_seconds",
    "Seconds from a request's arrival in the application to its answer.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
sockets_open = Gauge("ck_sockets_open", "Live sockets open now.", multiprocess_mode="livesum")
live_delay = Histogram(
    "ck_live_delay_seconds",
    "Seconds from the writing of a live event to its being handed to the open sockets.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
_jobs = Counter("ck_jobs_finished", "Jobs that were run, by how they ended.", ["status"])


def count_job(sender: Any, task_result: Any, **kwargs: Any) -> None:
    """Count one job that was run: a receiver of `task_finished`."""
    _jobs.labels(task_result.status.value.lower()).inc()


def count_request(*, method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request.

    Args:
        method: one of few words: each makes a row of its own.
        route: the name of the address in urls.py.
    """
    _requests.labels(method, route, status).inc()
    _seconds.labels(route).observe(seconds)
