"""What knowledge and profiles tell, and the one action that answers each of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from django.contrib.auth.signals import user_logged_out
from django.db.models import F
from django.dispatch import receiver
from django.http import HttpRequest

from feeds.actions import live, notifications, posts
from feeds.models import Follow, Post, PostTopic
from knowledge.models import Article
from knowledge.signals import article_changed, article_published, article_withdrawn
from profiles.actions import search
from profiles.actions.topics import move_rows
from profiles.models import Community, Topic, User
from profiles.signals import community_join_requested, community_joined, rights_changed, topic_merged


@receiver(article_published)
def announce_article(*, article: Article, by: User | None, announce: bool = True, **kwargs: Any) -> None:
    """A published article has a post, and its discussion there."""
    posts.announce_article(article=article, by=by, is_news=announce)


@receiver(article_changed)
def follow(*, article: Article, by: User | None, **kwargs: Any) -> None:
    """The post of an article goes where the article goes."""
    posts.follow_article(article=article, by=by)


@receiver(article_withdrawn)
def withdraw(*, article: Article, by: User | None, **kwargs: Any) -> None:
    """The post of a withdrawn article leaves the feed."""
    posts.withdraw_article(article=article, by=by)


@receiver(rights_changed)
def prove_again(*, user_ids: Iterable[int] | None, **kwargs: Any) -> None:
    """Open sockets of these people prove themselves again."""
    live.emit_rights(user_ids=user_ids)


@receiver(user_logged_out)
def end_session(*, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    """Open sockets of a person who signed out close."""
    if user:
        # Django ends the session only after this: a page that connects again meanwhile must not find it
        request.session.delete()
        live.emit_rights(user_ids=[user.pk])


@receiver([password_changed, password_reset, password_set])
def end_other_sessions(*, user: User, **kwargs: Any) -> None:
    """Open sockets of a person with a new password close; only its own session comes back."""
    live.emit_rights(user_ids=[user.pk])


@receiver(community_join_requested)
def tell_owners(*, community: Community, user: User, **kwargs: Any) -> None:
    """The owners of a closed community learn who asks to join."""
    notifications.join_requested(community=community, user=user)


@receiver(community_joined)
def tell_member(*, community: Community, user: User, by: User | None, **kwargs: Any) -> None:
    """A person learns that they were let in."""
    notifications.joined(community=community, user=user, by=by)


@receiver(topic_merged)
def carry_the_target(*, topic: Topic, into: Topic, **kwargs: Any) -> None:
    """Posts on a merged topic, and its followers, go to the one it was merged into."""
    move_rows(Follow, topic=topic, into=into, topic_field="topic", item_field="user")
    posts_moved = move_rows(PostTopic, topic=topic, into=into)
    if posts_moved:
        Post.objects.filter(topic_rows__tag=into).update(version=F("version") + 1)
        search.changed(*(Post(pk=pk) for pk in posts_moved))
