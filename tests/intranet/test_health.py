"""Health: anybody may ask whether the process lives and whether it can serve, and which of its parts fails."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import caches
from django.test import AsyncClient, Client
from django.utils import timezone

from intranet.health import SEARCH_BEHIND
from profiles.models import SearchChange, User
from tests import factories
from tests.searching import indexed, lose_index

ROOT = Path(__file__).resolve().parents[2]
# Where nothing listens
DEAD = "127.0.0.1:1"
ASK = """
import django; django.setup()
import json
from django.conf import settings
from django.test import Client
settings.ALLOWED_HOSTS.append("testserver")
client = Client(raise_request_exception=False)
client.cookies["sessionid"] = "of somebody who was signed in"
live, ready, page = (client.get(address) for address in ("/health/live", "/health/ready", "/"))
print(json.dumps({"live": live.status_code, "ready": ready.status_code, "page": page.status_code,
                  "said": ready.json(), "html": page.content.decode()}))
"""


class AsyncPages:
    """The asynchronous client, called like the other."""

    def get(self, address: str, **options: Any) -> Any:
        return async_to_sync(AsyncClient().get)(address, **options)


def asked(folder: Path, **values: str) -> dict[str, Any]:
    """What a process that starts with `values` in its environment answers."""
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    own = {"DJANGO_SETTINGS_MODULE": "intranet.settings", "DATA_DIR": str(folder), "LOG_LEVEL": "CRITICAL"}
    run = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env={**plain, **own, **values},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return answer


@pytest.mark.django_db
def test_all_is_well_and_nobody_needs_to_sign_in_to_learn_it(client: Client) -> None:
    indexed()
    live, ready = client.get("/health/live"), client.get("/health/ready")
    assert (live.status_code, live.content) == (200, b"ok")
    assert ready.status_code == 200
    assert ready.json() == {"ready": True, "database": "ok", "cache": "ok", "search": "ok", "search_lag": 0}
    for answer in (live, ready):
        assert "no-store" in answer.headers["Cache-Control"]
        assert not answer.cookies


@pytest.mark.django_db
@pytest.mark.parametrize("asks", [Client, AsyncPages])
@pytest.mark.parametrize("name", ["10.0.0.11:8001", "[fd00::11]:8001", "not/a/name"])
def test_a_host_is_asked_by_its_address_for_its_health_and_for_nothing_else(asks: Any, name: str) -> None:
    indexed()
    client = asks()
    for address in ("/health/live", "/health/ready"):
        by_name, by_address = client.get(address), client.get(address, headers={"Host": name})
        assert (by_address.status_code, by_address.content) == (200, by_name.content)
        assert by_address.headers.keys() == by_name.headers.keys()
    for address in ("/", "/health/", "/health/live/", "/health/live/../../people/"):
        assert client.get(address, headers={"Host": name}).status_code == 400, address


def test_the_process_lives_whatever_fails(client: Client) -> None:
    """No database is allowed here: asking needs none."""
    assert client.get("/health/live").status_code == 200
    assert client.post("/health/live").status_code == 405


@pytest.mark.django_db
def test_an_index_that_stays_behind_is_told_with_the_number_of_changes(client: Client, alice: User) -> None:
    indexed()
    factories.post(author=alice)
    just_now = client.get("/health/ready").json()
    waiting = SearchChange.objects.filter(number__isnull=True).count()
    assert (just_now["search"], just_now["search_lag"]) == ("ok", waiting) and waiting > 0
    long_ago = timezone.now() - datetime.timedelta(seconds=SEARCH_BEHIND + 1)
    SearchChange.objects.filter(number__isnull=True).update(at=long_ago)
    behind = client.get("/health/ready")
    assert (behind.status_code, client.get("/health/ready?all=1").status_code) == (200, 503)
    assert (behind.json()["search"], behind.json()["search_lag"]) == ("behind", waiting)
    indexed()
    assert client.get("/health/ready").json()["search"] == "ok"
    assert client.get("/health/ready?all=1").status_code == 200


@pytest.mark.django_db
def test_a_lost_index_is_told_and_keeps_nobody_from_reading(client: Client) -> None:
    indexed()
    lose_index()
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json() == {"ready": True, "database": "ok", "cache": "ok", "search": "failed"}


@pytest.mark.django_db
def test_an_upgrade_waits_until_every_part_is_well(client: Client) -> None:
    """As after a release whose index has another format: each host builds its own anew, and the next one waits."""
    indexed()
    lose_index()
    waits = client.get("/health/ready?all=1")
    assert waits.status_code == 503
    assert waits.json() == {"ready": False, "database": "ok", "cache": "ok", "search": "failed"}
    indexed()
    assert client.get("/health/ready?all=1").json()["ready"] is True


@pytest.mark.django_db
@pytest.mark.parametrize("fault", [OSError("gone"), ConnectionError("refused"), RuntimeError("some client's own")])
def test_a_cache_that_fails_is_told_and_keeps_nobody_from_reading(
    client: Client, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    indexed()

    def fail(*args: Any, **kwargs: Any) -> None:
        raise fault

    monkeypatch.setattr(type(caches["default"]), "set", fail)
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json() == {"ready": True, "database": "ok", "cache": "failed", "search": "ok", "search_lag": 0}


def test_a_dead_redis_is_told_and_keeps_nobody_from_reading(tmp_path: Path) -> None:
    answer = asked(tmp_path, REDIS_URL=f"redis://{DEAD}/0")
    assert (answer["live"], answer["ready"]) == (200, 200)
    assert answer["said"]["cache"] == "failed" and answer["said"]["ready"] is True


@pytest.mark.parametrize(
    "url", [f"postgres://nobody:top-secret@{DEAD}/nothing?connect_timeout=2", "sqlite:////proc/none.sqlite3"]
)
def test_without_its_database_the_host_is_not_ready_and_says_nothing_more(tmp_path: Path, url: str) -> None:
    answer = asked(tmp_path, DATABASE_URL=url)
    assert (answer["live"], answer["ready"]) == (200, 503)
    assert answer["said"] == {"ready": False, "database": "failed", "cache": "ok", "search": "failed"}
    # And a page that needs it is the plain one, which does not
    assert answer["page"] == 500
    assert "Sorry, there is a problem with the service" in answer["html"]
    assert "top-secret" not in answer["html"]
