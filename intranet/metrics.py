"""Everything Prometheus is told about one host, in one place: what its processes counted, and what the database knows.

It answers on an address of its own (METRICS_ADDRESS), which no proxy passes on, so that nobody reads it from outside.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from intranet import health
from intranet.lib.search.protocol import SearchUnavailable
from profiles import indexing

OF_PROCESS = re.compile(r"_(\d+)\.db$")


class Host(CollectorRegistry):
    """All that is told when Prometheus asks: each time from a new thread, which takes its connection along."""

    def collect(self) -> Iterator[Metric]:
        try:
            yield from super().collect()
        finally:
            connection.close()


def fill(made: CollectorRegistry) -> CollectorRegistry:
    """Make `made` tell all there is to tell about this host."""
    for collector in (Counted(settings.METRICS_DIR), Processes(settings.METRICS_DIR), Service()):
        made.register(collector)
    return made


class Counted:
    """What the processes of this host counted, added up.

    Args:
        folder: has a folder for each part of the service (pages, sockets), emptied when that part starts.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def collect(self) -> Iterable[Metric]:
        files = [str(path) for path in sorted(self.folder.glob("*/*.db"))]
        found: Iterable[Metric] = MultiProcessCollector.merge(files)
        return found


class Processes:
    """How many processes each part has, and what they use (Linux)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def collect(self) -> Iterator[Metric]:
        families = {
            "count": GaugeMetricFamily("ck_processes", "Processes that run.", labels=["part"]),
            "cpu": GaugeMetricFamily("ck_processes_cpu_seconds", "Seconds of CPU they used so far.", labels=["part"]),
            "memory": GaugeMetricFamily("ck_processes_resident_bytes", "Memory they hold.", labels=["part"]),
        }
        for part, ids in sorted(self._ids().items()):
            used = [facts for pid in ids if (facts := _used(pid))]
            families["count"].add_metric([part], len(used))
            families["cpu"].add_metric([part], sum(cpu for cpu, _ in used))
            families["memory"].add_metric([part], sum(memory for _, memory in used))
        yield from families.values()

    def _ids(self) -> dict[str, set[int]]:
        ids: dict[str, set[int]] = defaultdict(set)
        for path in self.folder.glob("*/*.db"):
            match = OF_PROCESS.search(path.name)
            if match and _holds(int(match[1]), path):
                ids[path.parent.name].add(int(match[1]))
        return ids


def _holds(pid: int, path: Path) -> bool:
    """Whether the process runs, here, and is the one that counts into the file: a number may be another's by now."""
    with suppress(OSError):
        return str(path.resolve()) in Path(f"/proc/{pid}/maps").read_text()
    return False


def _used(pid: int) -> tuple[float, int] | None:
    """CPU seconds and resident bytes of a process; None where it has just ended."""
    with suppress(OSError, ValueError, IndexError):
        # After the name, which may contain anything: user and system time are fields 14 and 15 of proc(5)
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks, pages = int(fields[11]) + int(fields[12]), int(fields[21])
        return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE")
    return None


class Service:
    """What is asked at that moment: which parts answer, how far the search index is behind, what jobs wait."""

    def collect(self) -> Iterator[Metric]:
        try:
            yield _answering()
            with suppress(SearchUnavailable):
                lag = indexing.lag()
                yield GaugeMetricFamily("ck_search_lag_changes", "Changes not in this host's index.", lag.changes)
                yield GaugeMetricFamily("ck_search_lag_seconds", "Seconds the oldest of them waits.", lag.seconds)
            yield from _jobs()
        except Exception:
            # The database is away, which `ck_part_up` has told: what the processes counted is still worth telling
            health.logger.warning("metrics: the database could not be asked", exc_info=True)


def _answering() -> Metric:
    family = GaugeMetricFamily("ck_part_up", "Whether a part that this host depends on answers.", labels=["part"])
    for part, state in health.parts().items():
        if isinstance(state, str):
            family.add_metric([part], state != "failed")
    return family


def _jobs() -> Iterator[Metric]:
    waiting = DBTaskResult.objects.ready().order_by().aggregate(count=Count("id"), oldest=Min("enqueued_at"))
    age = (timezone.now() - waiting["oldest"]).total_seconds() if waiting["oldest"] else 0.0
    yield GaugeMetricFamily("ck_jobs_waiting", "Jobs that could be run now.", waiting["count"])
    yield GaugeMetricFamily("ck_jobs_oldest_waiting_seconds", "Seconds the oldest of them waits.", max(age, 0.0))
