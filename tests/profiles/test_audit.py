"""The audit log: append-only, chained; manage.py verify_audit names the first row that was tampered with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from feeds.actions import posts
from profiles.actions import audit, communities, memberships
from profiles.models import AppendOnly, AuditEvent, AuditHead, CommunityKind, User
from tests import factories

pytestmark = pytest.mark.django_db
TABLE = AuditEvent._meta.db_table


@pytest.fixture
def chain() -> list[AuditEvent]:
    """Six events about one person, nothing before them."""
    person = factories.user("Alice Archer")
    assert not AuditEvent.objects.exists()
    return [audit.record(action=f"thing.done-{n}", by=person, obj=person, details={"n": n}) for n in range(1, 7)]


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    def verify() -> str:
        call_command("verify_audit")
        return capsys.readouterr().out

    return verify


def tamper(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.format(table=TABLE, head=AuditHead._meta.db_table), values)


def broken() -> str:
    with pytest.raises(CommandError) as found:
        call_command("verify_audit")
    assert found.value.returncode == 1
    return str(found.value)


def test_a_whole_chain_is_verified(chain: Any, verify: Any) -> None:
    assert verify() == "6 events verified.\n"


def test_an_empty_log_is_verified(verify: Any) -> None:
    assert verify() == "0 events verified.\n"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("action", "thing.other"),
        ("object_name", "Somebody else"),
        ("object_id", 77),
        ("actor_id", None),
        ("at", "2020-01-01 00:00:00+00:00"),
        ("details", '{"n": 33}'),
        ("details", '"no table"'),
        ("hash", "f" * 64),
        ("previous_hash", "f" * 64),
    ],
)
def test_a_changed_row_is_named(chain: Any, column: str, value: Any) -> None:
    tamper(f"UPDATE {{table}} SET {column} = %s WHERE position = 3", value)
    assert "Row 3" in broken()


def test_a_row_resealed_after_a_change_breaks_the_next(chain: Any) -> None:
    row = AuditEvent.objects.get(position=3)
    row.details = {"n": 33}
    tamper("UPDATE {table} SET details = %s, hash = %s WHERE position = 3", '{"n": 33}', row.seal())
    assert "Row 4" in broken()


def test_a_row_cut_from_the_middle_is_named(chain: Any) -> None:
    tamper("DELETE FROM {table} WHERE position = 4")
    assert "Row 4 is missing: after row 3 comes row 5." in broken()


def test_the_first_row_cut_is_named(chain: Any) -> None:
    tamper("DELETE FROM {table} WHERE position = 1")
    assert "Row 1 is missing" in broken()


def test_a_tail_cut_off_is_noticed(chain: Any) -> None:
    tamper("DELETE FROM {table} WHERE position >= 5")
    assert "Rows 5 to 6 are missing from the end." in broken()


def test_two_rows_swapped_are_noticed(chain: Any) -> None:
    tamper("UPDATE {table} SET position = 99 WHERE position = 2")
    tamper("UPDATE {table} SET position = 2 WHERE position = 5")
    tamper("UPDATE {table} SET position = 5 WHERE position = 99")
    assert "Row 2" in broken()


def test_a_row_put_in_after_the_end_is_noticed(chain: Any) -> None:
    last = chain[-1]
    forged = AuditEvent(position=7, action="thing.forged", previous_hash=last.hash)
    forged.hash = forged.seal()
    forged.save()
    assert "Row 7 (thing.forged) stands after the end of the chain." in broken()


def test_the_mark_of_the_end_taken_away_is_noticed(chain: Any) -> None:
    tamper("DELETE FROM {head}")
    assert "Row 1 (thing.done-1) stands after the end" in broken()


def test_the_mark_of_the_end_put_back_is_noticed(chain: Any) -> None:
    tamper("UPDATE {head} SET position = 4")
    assert "does not fit" in broken()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite lets such a value in")
@pytest.mark.parametrize(("at", "words"), [("some day", "Row 3 (thing.done-3)"), ("2020-99-99 99:99", "after row 2")])
def test_a_row_that_cannot_be_read_is_noticed(chain: Any, at: str, words: str) -> None:
    tamper("UPDATE {table} SET at = %s WHERE position = 3", at)
    assert words in broken()


def test_a_rolled_back_act_leaves_no_gap(chain: Any, verify: Any) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        audit.record(action="thing.undone", by=None)
        raise RuntimeError
    audit.record(action="thing.done", by=None)
    assert verify() == "7 events verified.\n"


def test_rows_refuse_to_be_changed_or_deleted_in_the_usual_ways(chain: Any) -> None:
    row = AuditEvent.objects.get(position=2)
    for attempt in (
        row.save,
        row.delete,
        lambda: AuditEvent.objects.update(action="x"),
        lambda: AuditEvent.objects.all().delete(),
        lambda: AuditEvent.objects.bulk_update([row], ["action"]),
    ):
        with pytest.raises(AppendOnly):
            attempt()


def test_it_names_what_everybody_knows_and_nothing_that_was_said_to_few(alice: User, max_: User, sam: User) -> None:
    secret = factories.community("Project Falcon", owner=alice, kind=CommunityKind.HIDDEN)
    said = factories.post(author=alice, audience=secret.audience, body="The merger is on Friday")
    posts.hide(post=said, by=max_, reason="Rule 3")
    communities.change(community=secret, name="Falcon", kind="hidden", description="", topics=[], by=alice)
    memberships.suspend(user=max_, by=sam)
    rows = {row.action: row for row in AuditEvent.objects.all()}
    assert rows["post.hidden"].object_id == said.pk and rows["community.changed"].object_id == secret.pk
    assert rows["community.changed"].details == {"fields": ["name"], "before": "hidden", "after": "hidden"}
    kept = "".join(f"{row.object_name}{row.details}" for row in rows.values())
    assert "Falcon" not in kept and "merger" not in kept
    assert rows["user.suspended"].object_name == "Max Moss"
