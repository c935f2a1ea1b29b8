"""manage.py import_departments: the register of organisations comes in whole, or not at all."""

import copy
import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from profiles.models import AuditEvent, Department
from tests import factories

pytestmark = pytest.mark.django_db
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "govuk-organisations.json"
BASE = "https://register.example/organisations"


def record(slug: str, title: str, *, parents: tuple[str, ...] = (), **details: Any) -> dict[str, Any]:
    return {
        "id": f"{BASE}/{slug}",
        "title": title,
        "format": "Ministerial department",
        "web_url": f"https://pages.example/{slug}",
        "details": {"slug": slug, "abbreviation": None, "govuk_status": "live", "closed_at": None, **details},
        "parent_organisations": [{"id": f"{BASE}/{parent}"} for parent in parents],
        "superseding_organisations": [],
    }


@pytest.fixture
def records() -> list[dict[str, Any]]:
    """An agency before its two parents in the file, a closed body and its successor."""
    closed = record("old-board", "Old Board", govuk_status="closed", closed_at="2019-04-01T00:00:00.000+01:00")
    closed["details"]["govuk_closed_status"] = "replaced"
    closed["superseding_organisations"] = [{"id": f"{BASE}/agency"}]
    return [
        record("agency", "Harbour Agency", parents=("transport", "trade")),
        record("transport", "Department of Harbours"),
        record("trade", "Department of Cargo"),
        closed,
    ]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(data: Any, **options: Any) -> str:
        path = tmp_path / "register.json"
        path.write_text(data if isinstance(data, str) else json.dumps({"results": data}))
        call_command("import_departments", path, **options)
        return capsys.readouterr().out

    return run


def test_it_founds_departments_with_parents_closures_and_successors(run, records):
    assert "4 created" in run(records)
    agency = Department.objects.get(slug="agency")
    assert agency.parent.slug == "transport"
    assert set(agency.parent_rows.values_list("parent__slug", "is_main")) == {("transport", True), ("trade", False)}
    assert [row.slug for row in Department.objects.ancestors_of(agency)] == ["transport"]
    old = Department.objects.get(slug="old-board")
    assert (old.is_closed, old.closed_on, old.closed_reason) == (True, datetime.date(2019, 4, 1), "replaced")
    assert list(old.successors.all()) == [agency]
    assert not Department.objects.open().filter(pk=old.pk).exists()
    assert agency.audience.name == "Harbour Agency"


def test_a_second_run_changes_nothing_and_says_so(run, records):
    run(records)
    before = list(Department.objects.values())
    events = AuditEvent.objects.count()
    assert "Nothing changed: 4 organisations are up to date." in run(records)
    assert list(Department.objects.values()) == before
    assert AuditEvent.objects.count() == events


def test_a_changed_file_is_followed_and_reported(run, records):
    run(records)
    records[0]["title"] = "Ports Agency"
    records[0]["parent_organisations"].reverse()
    records[1]["details"] |= {"govuk_status": "closed", "closed_at": "2026-01-31T00:00:00.000+00:00"}
    records[2]["parent_organisations"] = [{"id": f"{BASE}/transport"}]
    records[3]["details"] |= {"govuk_status": "live", "closed_at": None}
    records[3]["superseding_organisations"] = []
    records.append(record("new-office", "Office of Tides"))
    out = run(records)
    for line in ("1 created", "1 renamed", "Harbour Agency → Ports Agency", "1 closed", "1 reopened", "1 moved"):
        assert line in out
    agency = Department.objects.get(slug="agency")
    assert [name.name for name in agency.names.order_by("pk")] == ["Harbour Agency", "Ports Agency"]
    assert agency.parent.slug == "transport", "the main parent stays while it is a parent"
    assert [row.slug for row in Department.objects.ancestors_of(Department.objects.get(slug="trade"))] == ["transport"]


def test_a_dry_run_reports_and_writes_nothing(run, records):
    out = run(records, dry_run=True)
    assert "4 created" in out
    assert "nothing was written" in out
    assert not Department.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_department_made_here_is_matched_by_its_slug(run, records):
    made = factories.department("Department of Harbours", slug="transport")
    run(records)
    made.refresh_from_db()
    assert made.register_id == f"{BASE}/transport"
    assert "Nothing changed" in run(records)


def broken(change: Callable[[list[dict[str, Any]]], Any]) -> Callable[[list[dict[str, Any]]], Any]:
    def make(records: list[dict[str, Any]]) -> Any:
        records = copy.deepcopy(records)
        return change(records) or records

    return make


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda r: '{"results": [', "not valid JSON"),
        (lambda r: '{"results": {}}', "no list of organisations"),
        (lambda r: "[" * 100_000, "JSON"),
        (lambda r: r[0].pop("title"), "Record 1"),
        (lambda r: r[1]["details"].pop("slug"), "Department of Harbours"),
        (lambda r: r[1].pop("details"), "Department of Harbours"),
        (lambda r: r[2].update(details=None), "Department of Cargo"),
        (lambda r: r[2].update(format="Guild"), "Department of Cargo"),
        (lambda r: r[3]["details"].update(closed_at="soon"), "Old Board"),
        (lambda r: r[0].update(parent_organisations=[{"id": f"{BASE}/nowhere"}]), "Harbour Agency"),
        (lambda r: r[1].update(parent_organisations=[{"id": f"{BASE}/agency"}]), "loop"),
        (lambda r: r[1].update(parent_organisations=[{"id": f"{BASE}/transport"}]), "Department of Harbours"),
        (lambda r: r[2]["details"].update(slug="transport"), "slug"),
        (lambda r: r[2].update(title="x" * 251), "longer than"),
    ],
)
def test_a_broken_file_is_one_message_with_the_record_and_writes_nothing(run, records, change, names):
    def spoil(spoiled: list[dict[str, Any]]) -> Any:
        answer = change(spoiled)
        return answer if isinstance(answer, str) and answer[0] in "[{" else None

    with pytest.raises(CommandError) as refused:
        run(broken(spoil)(records))
    assert names in str(refused.value)
    assert refused.value.returncode == 1
    assert not Department.objects.exists()


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_departments", tmp_path / "absent.json")


def test_an_apostrophe_broken_on_its_way_is_repaired(run, records):
    records[1]["title"] = "Harbour Master\u00e2\u0080\u0099s Department"
    records[2]["title"] = "Caf\u00e9 \u0099 Department"
    run(records)
    assert Department.objects.get(slug="transport").name == "Harbour Master’s Department"
    assert Department.objects.get(slug="trade").name == "Caf\u00e9 \u0099 Department"
    assert "Nothing changed" in run(records)


def test_a_parent_that_the_register_left_out_is_noted(run, records):
    records[0]["parent_organisations"].append({"id": f"{BASE}/left-out"})
    records[1]["superseding_organisations"] = [{"id": f"{BASE}/left-out"}]
    out = run(records)
    assert "Harbour Agency: its parent" in out
    assert Department.objects.count() == 4


@pytest.mark.skipif(not REAL.exists(), reason="the real register lies beside the project, not in it")
def test_the_real_register_comes_in_whole(capsys):
    call_command("import_departments", REAL)
    assert Department.objects.count() == 1254
    assert Department.objects.filter(is_closed=True).count() == 589
    capsys.readouterr()
    call_command("import_departments", REAL)
    assert "Nothing changed: 1,254 organisations are up to date." in capsys.readouterr().out
