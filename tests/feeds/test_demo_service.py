"""The demonstration service: what there is, when it happened, how it is found, and that it is shut without DEBUG."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import models, transaction
from django.test import Client, override_settings
from django.utils import timezone
from PIL import Image

from feeds.demo import places
from feeds.management.commands import load_demo
from feeds.models import Comment, Follow, Notification, Post, Reaction
from knowledge.models import Article
from profiles.audience import readers_of
from profiles.models import (
    PHOTO_SIZES,
    Community,
    CommunityMembership,
    Department,
    Membership,
    Role,
    RoleGrant,
    Topic,
    User,
)
from tests.feeds.demonstration import OURS, snapshot
from tests.searching import indexed, search

# One worker loads it, once
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("demonstration"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def demonstration(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """All of it, in a transaction that ends with this module; the folder of its files."""
    media = tmp_path_factory.mktemp("demonstration")
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with (
        django_db_blocker.unblock(),
        override_settings(MEDIA_ROOT=media, PASSWORD_HASHERS=hashers),
        transaction.atomic(),
    ):
        load_demo.load()
        yield media
        transaction.set_rollback(True)


@pytest.fixture
def demo(demonstration: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = demonstration
    settings.DEBUG = True


def told(**options: Any) -> str:
    """What the command says."""
    out = StringIO()
    call_command("load_demo", stdout=out, **options)
    return out.getvalue()


# What is there


def test_there_is_a_believable_civil_service(demo: None) -> None:
    roots = Department.objects.filter(mail_domains__isnull=False).distinct()
    assert roots.count() >= 30
    assert all(Department.objects.subtree_of(root).count() > 1 for root in roots)
    assert User.objects.filter(is_active=True, is_demo=True).count() == User.objects.count() == 300
    assert Counter(Community.objects.values_list("kind", flat=True)) == {"open": 20, "closed": 3, "hidden": 2}
    articles = Article.objects.published()
    assert articles.count() == 40
    assert all(len(article.body.split()) > 300 for article in articles)
    assert Post.objects.filter(article=None).count() == 400
    assert Comment.objects.count() > 700 and Reaction.objects.count() > 300 and Follow.objects.count() > 900
    answered = Post.objects.filter(kind="question", answer__isnull=False)
    assert answered.count() >= 30
    assert Topic.objects.adopted().count() >= 30


def test_everybody_has_a_photo_of_every_size(demo: None) -> None:
    for person in User.objects.all():
        for size in PHOTO_SIZES:
            with default_storage.open(person.photo_name(size)) as file:
                picture = Image.open(BytesIO(file.read()))
            assert (picture.format, picture.size) == ("WEBP", (size, size))
    first = User.objects.earliest("pk")
    client = Client()
    client.force_login(first)
    assert client.get(first.avatar_url).status_code == 200


def test_every_role_has_somebody(demo: None) -> None:
    assert set(RoleGrant.objects.values_list("role", flat=True)) == set(Role.values)
    assert Department.objects.filter(memberships__is_lead=True).distinct().count() >= 30
    for community in Community.objects.all():
        assert community.memberships.owners().exists()


def test_whoever_says_something_can_see_where_they_say_it(demo: None) -> None:
    readers: dict[int, set[int]] = {}
    said: list[tuple[int, int]] = [
        *Post.objects.values_list("audience_id", "author_id"),
        *Comment.objects.values_list("post__audience_id", "author_id"),
        *Reaction.objects.values_list("post__audience_id", "user_id"),
        *Notification.objects.filter(post__isnull=False).values_list("post__audience_id", "recipient_id"),
    ]
    for audience, person in said:
        if audience not in readers:
            readers[audience] = set(readers_of(audience).values_list("pk", flat=True))
        assert person in readers[audience]


def test_counts_kept_on_posts_are_right(demo: None) -> None:
    for post in Post.objects.annotate(
        said=models.Count("comments", distinct=True), felt=models.Count("reactions", distinct=True)
    ):
        assert (post.comment_count, post.reaction_count) == (post.said, post.felt)


# When it happened


def test_nothing_happens_in_the_future(demo: None) -> None:
    now = timezone.now()
    for app in OURS:
        for model in apps.get_app_config(app).get_models():
            for field in model._meta.concrete_fields:
                if isinstance(field, models.DateField) and field.name != "review_on":
                    last = model._default_manager.aggregate(last=models.Max(field.name))["last"]
                    limit = now if isinstance(field, models.DateTimeField) else now.date()
                    assert last is None or last <= limit, f"{model.__name__}.{field.name}"


def test_people_came_one_by_one_over_nine_years(demo: None) -> None:
    today = timezone.localdate()
    days = [(today - row.started_on).days for row in Membership.objects.all()]
    assert min(days) >= 365 and max(days) <= 9 * 366
    assert len(set(days)) > 200
    for place in Membership.objects.select_related("user", "department"):
        home = Department.objects.filter(mail_domains__domain=place.user.email.rpartition("@")[2]).get()
        assert home.opened_on is None or home.opened_on <= place.started_on
        assert place.started_on <= place.user.joined_at.date()


def test_everything_comes_after_what_it_needs(demo: None) -> None:
    assert not Comment.objects.filter(created_at__lt=models.F("post__created_at")).exists()
    assert not Comment.objects.filter(created_at__lt=models.F("parent__created_at")).exists()
    assert not Reaction.objects.filter(created_at__lt=models.F("post__created_at")).exists()
    assert not Post.objects.filter(created_at__lt=models.F("author__joined_at")).exists()
    assert not CommunityMembership.objects.filter(joined_at__lt=models.F("community__created_at")).exists()
    assert not Community.objects.filter(created_at__lt=models.F("created_by__joined_at")).exists()
    assert not Post.objects.filter(created_at__lt=models.F("audience__community__created_at")).exists()
    for article in Article.objects.prefetch_related("revisions"):
        assert {revision.created_at for revision in article.revisions.all()} == {article.published_at}


def test_what_was_told_long_ago_was_read_and_the_rest_waits(demo: None) -> None:
    old = timezone.now() - datetime.timedelta(days=11)
    assert not Notification.objects.filter(created_at__lt=old, read_at=None).exists()
    assert 0 < Notification.objects.unread().count() < 200


# Who may use it


@pytest.mark.parametrize("debug", [True, False])
def test_its_accounts_sign_in_with_debug_and_never_without(demo: None, settings: Any, debug: bool) -> None:
    settings.DEBUG = debug
    accounts = [entry for entry in load_demo.people() if entry.account]
    assert len(accounts) == 9
    for entry in accounts:
        client = Client()
        client.post("/sign-in/", {"login": entry.email, "password": places.PASSWORD})
        assert client.get("/people/").status_code == (200 if debug else 302), entry.email


def test_nobody_else_has_a_password(demo: None) -> None:
    named = {entry.email for entry in load_demo.people() if entry.account}
    for person in User.objects.all():
        assert person.has_usable_password() is (person.email in named)


def test_a_second_load_changes_nothing_and_tells_the_accounts_again(demo: None, settings: Any) -> None:
    before = snapshot()
    for once in (True, False):
        said = told(once=once)
        assert "Loading" not in said and "cannot sign in" not in said
        assert f"“{places.PASSWORD}”" in said
        for local in ("civil.servant", "council", "council.chair", "department.admin", "moderator", "admin"):
            assert f"  {local}@cabinet-office.example " in said
    settings.DEBUG = False
    assert "They cannot sign in here: DEBUG is off." in told(once=True)
    assert snapshot() == before


# How it is found


@pytest.mark.parametrize(
    ("asked", "first", "among_five"),
    [
        ("FOI", "Freedom of information", "Answering a freedom of information request"),
        ("dpia", "Data protection", ""),
        ("data sharing", "Data sharing", "Sharing data between departments"),
        ("PQ", "Parliamentary business", ""),
        ("private office", "Working with ministers", "Working with private office"),
        ("ministerial submission", "Ministerial submissions", "How to write a ministerial submission"),
        ("how do I answer an FOI request", "Answering a freedom of information request", "Freedom of information"),
        ("HMRC", "HM Revenue & Customs", ""),
        ("cabinet office", "Cabinet Office", ""),
        ("onboarding", "Recruitment", "Onboarding a new starter, a checklist for line managers"),
        ("imran qadeer", "Imran Qadeer", ""),
    ],
)
def test_what_people_ask_for_comes_first(
    demo: None, searchable: Client, asked: str, first: str, among_five: str
) -> None:
    found = search(searchable, asked)
    names = [str(_row(kind, id_)) for kind, id_ in found.results[:5]]
    assert names[0] == first
    assert not among_five or among_five in names


@pytest.fixture(scope="module")
def index(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    with override_settings(SEARCH_DIR=folder):
        indexed()
    return folder


@pytest.fixture
def searchable(index: Path, settings: Any) -> Client:
    settings.SEARCH_DIR = index
    client = Client()
    client.force_login(User.objects.get(email="civil.servant@cabinet-office.example"))
    return client


def _row(kind: str, id_: int) -> Any:
    models_ = (User, Department, Topic, Community, Article, Post)
    return next(model for model in models_ if model._meta.model_name == kind).objects.get(pk=id_)
