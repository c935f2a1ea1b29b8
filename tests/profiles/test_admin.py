"""/admin/: for those who run the service, absent for everybody else; what it writes goes through the actions."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin import site
from django.urls import reverse
from django.utils import timezone

from profiles.actions import communities
from profiles.models import AuditEvent, CommunityKind, Department, MailDomain, Role, RoleGrant, Topic, User
from tests import factories

pytestmark = pytest.mark.django_db
MODELS = ["user", "department", "community", "topic", "rolegrant", "auditevent"]
READ_ONLY = ["user", "community", "topic", "auditevent"]


def url(model: str, page: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:profiles_{model}_{page}", args=args)


@pytest.fixture
def rows(alice: User, treasury: Department, sam: User) -> dict[str, int]:
    """One row of each model that the admin shows."""
    club = factories.community("Bees", owner=alice)
    return {
        "user": alice.pk,
        "department": treasury.pk,
        "community": club.pk,
        "topic": factories.topic("Data").pk,
        "rolegrant": RoleGrant.objects.get(user=sam).pk,
        "auditevent": AuditEvent.objects.order_by("position")[0].pk,
    }


def department_form(department: Department, **changes: Any) -> dict[str, Any]:
    form = {
        name: getattr(department, name) or ""
        for name in ("name", "name_cy", "abbreviation", "kind", "description", "website", "opened_on")
    }
    form["parent"] = department.parent_id or ""
    if department.pk:
        form["mail_domains"] = "\n".join(department.mail_domains.values_list("domain", flat=True))
    inlines = {
        f"{prefix}-{part}": "0" for prefix in ("names", "parent_rows") for part in ("TOTAL_FORMS", "INITIAL_FORMS")
    }
    return {**form, **inlines, **changes}


def test_who_runs_the_service_gets_in(as_: Any, sam: User, rows: dict[str, int]) -> None:
    client = as_(sam)
    assert client.get("/admin/").status_code == 200
    for model in MODELS:
        assert client.get(url(model)).status_code == 200
        assert client.get(url(model), {"q": "a"}).status_code == 200
        assert client.get(url(model, "change", rows[model])).status_code == 200


def test_everybody_else_finds_nothing(
    as_: Any, alice: User, dana: User, cora: User, max_: User, rows: dict[str, int]
) -> None:
    staff = factories.user("Stan Staff", is_staff=True)
    former = factories.user("Fay Former", is_staff=True)
    factories.role(former, Role.SITE_ADMIN, ended_at=timezone.now())
    paths = ["/admin/", "/admin/login/", "/admin/jsi18n/", url("user"), url("rolegrant", "add"), "/admin/logout/"]
    paths += [url(model, "change", rows[model]) for model in MODELS]
    for person in (alice, dana, cora, max_, staff, former):
        client = as_(person)
        nowhere = client.get("/nowhere/")
        for path in paths:
            answer = client.get(path)
            assert answer.status_code == 404, (person, path)
            assert answer.content == nowhere.content


def test_a_visitor_is_sent_to_sign_in(client: Any) -> None:
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/sign-in/?next=%2Fadmin%2F"
    assert client.post("/admin/login/", {"username": "a", "password": "b"}).status_code == 302


def test_losing_the_role_shuts_the_door_at_once(as_: Any, sam: User) -> None:
    client = as_(sam)
    assert client.get("/admin/").status_code == 200
    sam.role_grants.update(ended_at=timezone.now())
    assert client.get("/admin/").status_code == 404


def test_the_superuser_of_a_new_service_gets_in(as_: Any) -> None:
    root = User.objects.create_superuser(
        "root@example.gov.example", "a long enough pass phrase", name="Root", conduct_accepted_at=timezone.now()
    )
    assert as_(root).get("/admin/").status_code == 200


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_is_there_to_read_cannot_be_written(as_: Any, sam: User, rows: dict[str, int], model: str) -> None:
    client, pk = as_(sam), rows[model]
    assert client.get(url(model, "add")).status_code == 403
    assert client.post(url(model, "change", pk), {"name": "x"}).status_code == 403
    assert client.post(url(model, "delete", pk), {"post": "yes"}).status_code == 403
    page = client.get(url(model)).content.decode()
    assert "delete_selected" not in page and 'name="_save"' not in page


def test_nothing_at_all_can_be_deleted(as_: Any, sam: User, rows: dict[str, int]) -> None:
    for model in MODELS:
        assert as_(sam).post(url(model, "delete", rows[model]), {"post": "yes"}).status_code == 403


def test_no_password_is_shown(as_: Any, sam: User, alice: User) -> None:
    alice.set_password("a long enough pass phrase")
    alice.save()
    assert alice.password not in as_(sam).get(url("user", "change", alice.pk)).content.decode()


def test_hidden_communities_and_their_topics_stay_hidden(as_: Any, sam: User, alice: User) -> None:
    made, _ = communities.found(
        name="Heron", kind=CommunityKind.HIDDEN, description="", topics=["Heron watching"], key=uuid4(), by=alice
    )
    topic = Topic.objects.get(slug="heron-watching")
    client = as_(sam)
    assert "Heron" not in client.get(url("community")).content.decode()
    assert "Heron" not in client.get(url("topic")).content.decode()
    for model, row in (("community", made), ("topic", topic)):
        for pk in (row.pk, 99999):
            page = client.get(url(model, "change", pk), follow=True).content.decode()
            assert "doesn’t exist" in page and "Heron" not in page


def test_a_department_is_founded_through_the_action(as_: Any, sam: User, treasury: Department) -> None:
    blank = department_form(
        Department(), name="Mint", kind="other", parent=treasury.pk, mail_domains="Mint.gov.example"
    )
    assert as_(sam).post(url("department", "add"), blank).status_code == 302
    made = Department.objects.get(slug="mint")
    assert (made.parent, made.audience.name, made.names.get().name) == (treasury, "Mint", "Mint")
    assert made.mail_domains.get().domain == "mint.gov.example"
    assert list(Department.objects.ancestors_of(made)) == [treasury]
    assert AuditEvent.objects.filter(action="department.founded", actor=sam, object_id=made.pk).exists()


def test_a_department_is_renamed_moved_and_described_through_the_actions(
    as_: Any, sam: User, treasury: Department, health: Department
) -> None:
    client = as_(sam)
    before = AuditEvent.objects.count()
    assert client.post(url("department", "change", treasury.pk), department_form(treasury)).status_code == 302
    assert AuditEvent.objects.count() == before, "no change writes nothing"
    sent = department_form(
        treasury, name="Exchequer", parent=health.pk, description="Money", mail_domains="exchequer.gov.example"
    )
    assert client.post(url("department", "change", treasury.pk), sent).status_code == 302
    treasury.refresh_from_db()
    assert (treasury.name, treasury.parent, treasury.description) == ("Exchequer", health, "Money")
    assert [name.name for name in treasury.names.filter(until_on__isnull=False)] == ["Treasury"]
    assert treasury.mail_domains.get().domain == "exchequer.gov.example"
    acts = AuditEvent.objects.filter(actor=sam).order_by("position").values_list("action", flat=True)
    assert list(acts) == [
        "department.renamed",
        "department.moved",
        "department.changed",
        "department.mail-domains-changed",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mail_domains": "not a domain"}, "is not a mail domain"),
        ({"mail_domains": "health.gov.example"}, "belongs to Health"),
        ({"parent": "own"}, "cannot stand under itself"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_a_department_that_cannot_be_is_explained(
    as_: Any, sam: User, treasury: Department, health: Department, changes: dict[str, Any], words: str
) -> None:
    if changes.get("parent"):
        changes = {"parent": factories.department(parent=treasury).pk}
    answer = as_(sam).post(url("department", "change", treasury.pk), department_form(treasury, **changes))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert MailDomain.objects.count() == 2


def test_departments_are_closed_and_reopened_from_the_list(as_: Any, sam: User, treasury: Department) -> None:
    client = as_(sam)
    for action, closed in (("close_today", True), ("reopen", False)):
        client.post(url("department"), {"action": action, "_selected_action": [treasury.pk]})
        treasury.refresh_from_db()
        assert treasury.has_closed is closed
    assert AuditEvent.objects.filter(actor=sam).count() == 2


def test_roles_are_given_and_ended_through_the_actions(as_: Any, sam: User, alice: User, treasury: Department) -> None:
    client = as_(sam)
    sent = {"user": alice.pk, "role": Role.DEPARTMENT_ADMIN, "department": "", "topic": ""}
    refused = client.post(url("rolegrant", "add"), sent)
    assert "Choose the department that a department admin looks after." in refused.content.decode()
    for _ in range(2):
        assert client.post(url("rolegrant", "add"), {**sent, "department": treasury.pk}).status_code == 302
    grant = alice.role_grants.get()
    assert grant.granted_by == sam
    client.post(url("rolegrant"), {"action": "end_roles", "_selected_action": [grant.pk]})
    grant.refresh_from_db()
    assert grant.ended_at
    own = sam.role_grants.get()
    answer = client.post(url("rolegrant"), {"action": "end_roles", "_selected_action": [own.pk]}, follow=True)
    assert "Make somebody else a site admin first" in answer.content.decode()
    acts = AuditEvent.objects.filter(actor=sam).order_by("position").values_list("action", flat=True)
    assert list(acts) == ["role.granted", "role.ended"]


def test_its_pages_need_no_exception_from_the_content_policy(as_: Any, sam: User, rows: dict[str, int]) -> None:
    client = as_(sam)
    pages = ["/admin/", url("department", "add"), url("rolegrant", "add")]
    pages += [url(model) for model in MODELS] + [url(model, "change", rows[model]) for model in MODELS]
    for path in pages:
        answer = client.get(path)
        page = answer.content.decode()
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)", page), path


def test_only_our_own_models_are_there() -> None:
    assert sorted(model._meta.label_lower for model in site._registry) == sorted(f"profiles.{name}" for name in MODELS)
