"""What Prometheus is told about a host: added up over its processes, and nothing of anybody."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from intranet.management import parts
from intranet.metrics import fill
from profiles.models import SearchChange, User
from profiles.tasks import update_search_index
from tests import factories
from tests.searching import indexed

ROOT = Path(__file__).resolve().parents[2]
COUNT = """
import django; django.setup()
from intranet.lib.metrics import count_request, sockets_open
count_request(method="GET", route="home", status=200, seconds=0.004)
sockets_open.inc(3)
"""


def told() -> dict[tuple[str, str], float]:
    """What is told now: (name, value of the first label) -> number."""
    families = text_string_to_metric_families(generate_latest(fill(CollectorRegistry())).decode())
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }


def count_in(folder: Path) -> None:
    """A process that counts into a folder, and ends."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "intranet.settings"}
    subprocess.run([sys.executable, "-c", COUNT], cwd=ROOT, env=environment, check=True)


@pytest.mark.django_db
def test_processes_are_added_up_and_a_part_that_starts_begins_anew(settings: Any, tmp_path: Path) -> None:
    settings.METRICS_DIR = tmp_path
    pages = parts.counting_folder("pages", "127.0.0.1:8001", tmp_path)
    sockets = parts.counting_folder("sockets", "127.0.0.1:8002", tmp_path)
    assert pages != sockets
    for folder in (pages, pages, sockets):
        count_in(folder)
    found = told()
    assert found["ck_request_seconds_count", "home"] == 3
    assert found["ck_sockets_open", ""] == 9
    assert ("ck_processes", "pages-8001") not in found, "they have ended"
    parts.counting_folder("pages", "127.0.0.1:8001", tmp_path)
    assert told()["ck_request_seconds_count", "home"] == 1


@pytest.mark.django_db
def test_it_tells_what_waits_and_which_parts_answer(alice: User) -> None:
    indexed()
    before = told()
    assert before["ck_search_lag_changes", ""] == 0
    factories.post(author=alice)
    update_search_index.enqueue()
    found = told()
    assert found["ck_search_lag_changes", ""] == SearchChange.objects.filter(number=None).count() > 0
    assert found["ck_search_lag_seconds", ""] > 0
    assert found["ck_jobs_waiting", ""] > before["ck_jobs_waiting", ""]
    assert found["ck_jobs_oldest_waiting_seconds", ""] > 0
    assert [found["ck_part_up", part] for part in ("database", "cache", "search")] == [1, 1, 1]


@pytest.mark.django_db
def test_a_lost_index_is_told_and_the_rest_still_is() -> None:
    found = told()
    assert found["ck_part_up", "search"] == 0
    assert ("ck_jobs_waiting", "") in found and ("ck_search_lag_changes", "") not in found


@pytest.mark.django_db
def test_no_address_of_the_pages_tells_it(as_: Callable[[User], Client], sam: User) -> None:
    assert [as_(sam).get(address).status_code for address in ("/metrics", "/metrics/")] == [404, 404]
