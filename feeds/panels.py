"""What the feed adds to the pages of people, departments, communities, topics and articles."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from feeds import reader
from feeds.beside import counts_and_reactions
from feeds.composer import composer
from feeds.heads import head_of_article
from feeds.streams import Stream, StreamKind, is_following
from feeds.views.loading import Empty, Feed, discussion, feed, in_places
from intranet.lib.compiled import Compiled
from intranet.lib.kept import finished, kept, token_of
from intranet.lib.pages import fragment, text
from intranet.lib.panels import Panel
from knowledge import slots as knowledge_slots
from knowledge.reading import Shown
from profiles import slots
from profiles.middleware import SignedInRequest
from profiles.models import Community, Department, Topic, User

# The pages have lists of their own
POSTS_CURSOR = "posts"
COMMENTS_CURSOR = "comments"


@slots.person.panel(order=30)
def posts_of_person(request: SignedInRequest, person: User) -> Panel | None:
    """What a person said lately, as far as the reader may see it."""
    posts = _feed_of(request, StreamKind.PERSON, person.pk)
    return None if posts.is_empty else _panel(request, "Posts", posts)


@slots.department.panel(order=30)
def posts_of_department(request: SignedInRequest, department: Department) -> Panel | None:
    """What was said to a department or by its people."""
    posts = _feed_of(request, StreamKind.DEPARTMENT, department.pk)
    return None if posts.is_empty else _panel(request, "Posts", posts)


_READABLE = Compiled(lambda user, pk: Community.objects.readable_by(user).filter(pk=pk).values_list("audience__pk"))


@slots.community.panel(order=10)
def posts_of_community(request: SignedInRequest, community: Community) -> Panel | None:
    """A composer addressed to the community for its members, and what was said there, for whoever may read it."""
    readable = _READABLE.row(user=request.user, pk=community.pk)
    if readable is None:
        return None
    posts = _feed_of(request, StreamKind.COMMUNITY, community.pk, f"Nobody has said anything in {community.name} yet.")
    writable = reader.facts_for(request).writable
    if readable[0] not in writable:
        return _panel(request, "Posts", posts)
    own = composer(request.user, writable, token=token_of(request), audience=readable[0])
    return _panel(request, "Posts", posts, composer=own)


@slots.topic.panel(order=30)
def posts_of_topic(request: SignedInRequest, topic: Topic) -> Panel:
    """Posts and questions about a topic, and where to ask one."""
    posts = _feed_of(request, StreamKind.TOPIC, topic.pk, f"Nobody has said anything about {topic.name} yet.")
    return _panel(
        request, "Posts and questions", posts, ask_about=text(topic.name), ask_with=text(quote(topic.name, safe=""))
    )


@slots.person_actions.panel()
def follow_person(request: SignedInRequest, person: User) -> Panel | None:
    """Follow a person; not oneself."""
    return None if person.pk == request.user.pk else _follow(request, "person", person)


@slots.department_actions.panel()
def follow_department(request: SignedInRequest, department: Department) -> Panel:
    """Follow a department and its parts."""
    return _follow(request, "department", department)


@slots.topic_actions.panel()
def follow_topic(request: SignedInRequest, topic: Topic) -> Panel:
    """Follow a topic."""
    return _follow(request, "topic", topic)


@knowledge_slots.article.panel(order=30)
def discussion_of_article(request: SignedInRequest, article: Shown) -> Panel | None:
    """An article's discussion: that of its post."""
    head = head_of_article(request.user, article.pk)
    if head is None:
        return None
    reader.note_unread(request, head.unread)
    token = token_of(request)
    said = discussion(request, head, token=token, cursor_param=COMMENTS_CURSOR)
    context = {**said, **in_places(said), "counts": counts_and_reactions(request.user, head, token=token)}
    return Panel(fragment("feeds/_discussion.html", context, token=token), title="Discussion")


def _feed_of(request: SignedInRequest, kind: StreamKind, pk: int, nothing_yet: str = "") -> Feed:
    return feed(request, Stream(kind, pk), cursor_param=POSTS_CURSOR, empty=Empty(text=nothing_yet))


def _panel(request: SignedInRequest, title: str, posts: Feed, **more: Any) -> Panel:
    return Panel(fragment("feeds/_panel.html", {"feed": posts.html, **more}, token=token_of(request)), title=title)


def _follow(request: SignedInRequest, kind: str, target: User | Department | Topic) -> Panel:
    following = is_following(request.user, target)
    context = {"kind": kind, "target": target, "is_following": following}
    html = kept("feeds/_follow.html", (kind, target.pk, target.name, following), lambda: context)
    return Panel(finished(html, token_of(request)))
