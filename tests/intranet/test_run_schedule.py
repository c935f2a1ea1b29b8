"""manage.py run_schedule: regular jobs are run, and one that fails stops no other."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from intranet.management.commands import run_schedule
from profiles.actions import memberships
from profiles.models import Department, User

pytestmark = pytest.mark.django_db


def test_each_job_is_run(bob: User, health: Department, time_machine: Any) -> None:
    memberships.join(user=bob, department=health, by=None)
    main = bob.memberships.get(is_main=True)
    memberships.leave(membership=main, by=None, on=timezone.localdate() + datetime.timedelta(2))
    time_machine.move_to(timezone.now() + datetime.timedelta(3))
    call_command("run_schedule", once=True)
    bob.refresh_from_db()
    assert bob.main_department == health


def test_a_job_that_fails_stops_no_other(monkeypatch: Any, caplog: Any) -> None:
    failing = run_schedule.Job("no_such_command", 1.0, {})
    following = run_schedule.Job("clearsessions", 1.0, {})
    monkeypatch.setattr(run_schedule, "jobs", lambda: [failing, following])
    call_command("run_schedule", once=True)
    assert "no_such_command failed" in caplog.text
    assert following.due_at > 0
