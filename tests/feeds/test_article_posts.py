"""An article's post: announced, following its article, gone while that is withdrawn, discussed on its page."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from feeds.actions import posts
from feeds.models import LiveEvent, Post
from knowledge.signals import article_changed, article_published
from profiles.models import Department, User
from profiles.permissions import NotAllowed
from tests import factories

pytestmark = pytest.mark.django_db
As = Callable[[User], Client]


def test_publishing_announces_once(as_: As, alice: User, bob: User) -> None:
    article = factories.article(author=alice, title="How to run a discovery", topics=("Research",))
    post = Post.objects.get()
    assert (post.kind, post.author, post.audience, post.created_at) == (
        "article",
        alice,
        article.audience,
        article.published_at,
    )
    assert [topic.name for topic in post.topics.all()] == ["Research"]
    article_published.send(sender=type(article), article=article, by=alice, announce=True)
    assert Post.objects.count() == 1
    assert "How to run a discovery" in as_(bob).get("/?stream=everyone").content.decode()


def test_a_draft_is_not_announced(alice: User) -> None:
    factories.article(author=alice, publish=False)
    assert not Post.objects.exists()


def test_what_is_no_news_is_posted_without_a_live_event(alice: User) -> None:
    article = factories.article(author=alice)
    Post.objects.all().delete()
    LiveEvent.objects.all().delete()
    article_published.send(sender=type(article), article=article, by=alice, announce=False)
    assert Post.objects.count() == 1
    assert not LiveEvent.objects.exists()


def test_the_post_follows_its_articles_audience_and_topics(
    as_: As, alice: User, charlie: User, treasury: Department
) -> None:
    article = factories.article(author=alice)
    post = Post.objects.get()
    assert as_(charlie).get(f"/posts/{post.pk}/").status_code == 200
    article.audience = treasury.audience
    article.save()
    article.topics.set(["Grants"], through_defaults={"updated_at": article.updated_at})
    article_changed.send(sender=type(article), article=article, by=alice, revision=None)
    changed = Post.objects.get()
    assert changed.audience == treasury.audience
    assert changed.version > post.version
    assert [topic.name for topic in changed.topics.all()] == ["Grants"]
    assert as_(charlie).get(f"/posts/{post.pk}/").status_code == 404


def test_withdrawing_takes_the_post_away_and_publishing_again_brings_the_same_one_back(
    as_: As, alice: User, bob: User
) -> None:
    from knowledge.actions import articles

    article = factories.article(author=alice)
    post = Post.objects.get()
    factories.comment(post=post, author=bob)
    articles.withdraw(article=article, reason="Out of date", by=alice)
    assert as_(bob).get(f"/posts/{post.pk}/").status_code == 404
    assert LiveEvent.objects.filter(kind="post-hidden", post=post).exists()
    article.refresh_from_db()
    articles.reinstate(article=article, by=alice)
    assert as_(bob).get(f"/posts/{post.pk}/").status_code == 200
    assert Post.objects.get().comment_count == 1


def test_it_is_edited_and_removed_through_its_article_alone(as_: As, alice: User, max_: User) -> None:
    factories.article(author=alice)
    post = Post.objects.get()
    assert as_(alice).get(f"/posts/{post.pk}/edit/").status_code == 403
    assert as_(alice).post(f"/posts/{post.pk}/hide/").status_code == 403
    assert as_(max_).post(f"/posts/{post.pk}/hide/", {"reason": "No"}).status_code == 403
    with pytest.raises(ValueError, match="article"):
        posts.post(body="Fake", kind="article", audience=post.audience, key=uuid4(), by=alice)
    with pytest.raises(NotAllowed):
        posts.hide(post=post, by=max_, reason="No")


def test_the_discussion_is_on_the_articles_page(as_: As, alice: User, bob: User) -> None:
    article = factories.article(author=alice)
    post = Post.objects.get()
    factories.comment(post=post, author=bob, body="This saved me a day")
    html = as_(alice).get(article.get_absolute_url()).content.decode()
    assert "This saved me a day" in html
    assert f'action="/posts/{post.pk}/comments/"' in html
    assert as_(alice).get(f"{article.get_absolute_url()}?comments=x").status_code == 404
