"""The people, the audiences, and what each audience was told: every text with a word of its own.

Who may know which word is written down here by hand, never asked of the rule that is under test.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from feeds.actions import comments, follows, posts
from feeds.models import Comment, LiveEvent, Post, Reaction
from intranet.lib.numbered import number_rows
from knowledge.actions import articles
from knowledge.actions.content import Content
from knowledge.models import Article
from profiles.actions import communities, memberships, people, topics
from profiles.audience import Marking
from profiles.models import Audience, Community, Department, Role, SearchChange, Topic, TopicAlias, User
from tests import factories

# A newcomer has not accepted the code of conduct yet. The outsider asked to be let into the closed community. The
# former colleague left the department today and was put out of the communities. Who holds a role works elsewhere
SIGNED_OUT = ("anonymous", "suspended", "newcomer")
PEOPLE = (
    "outsider",
    "colleague",
    "teammate",
    "former",
    "member",
    "owner",
    "department_admin",
    "council_member",
    "moderator",
    "site_admin",
    "author",
)
PERSONAS = SIGNED_OUT + PEOPLE
EVERYBODY = frozenset(PEOPLE)
NOBODY: frozenset[str] = frozenset()
# Who reads what is said to an audience. Being a role's holder, the author of a thing or a former member opens nothing
READERS = {
    "everyone": EVERYBODY,
    "department": frozenset({"colleague", "teammate", "author"}),
    "team": frozenset({"teammate", "author"}),
    "open": EVERYBODY,
    "closed": frozenset({"member", "owner", "author"}),
    "hidden": frozenset({"member", "owner", "author"}),
}
# Who may write to it: a community only its members
WRITERS = READERS | {"open": READERS["closed"]}
AUDIENCES = tuple(READERS)
# Tried at every address; the others only at one of each kind, for the addresses share how they get what they show
FULLY = ("everyone", "department", "hidden")
COMMUNITIES = ("open", "closed", "hidden")
# Somebody beside the author in each audience, so that they have notifications of each other
OTHERS = {
    "everyone": "outsider",
    "department": "colleague",
    "team": "teammate",
    "open": "member",
    "closed": "owner",
    "hidden": "member",
}

# What is nowhere: its answers are what those about the invisible must equal
ABSENT_ID = 987_654_321
ABSENT_WORD = "zqabsentwdx"
WORD = re.compile(r"zq[a-z]{8}x")


@dataclass(frozen=True)
class Secret:
    """A word, who may come to read it, and the addresses (names) it stands at, where that is not anywhere."""

    label: str
    readers: frozenset[str]
    only_at: frozenset[str] | None = None


@dataclass
class Said:
    """What one audience was told."""

    audience: Audience
    topic: Topic
    alias: TopicAlias
    article: Article
    article_post: Post
    article_comment: Comment
    post: Post
    comment: Comment
    reply: Comment
    question: Post
    answer: Comment


@dataclass(repr=False)
class World:
    """Everybody and everything, and the words."""

    people: dict[str, User] = field(default_factory=dict)
    departments: dict[str, Department] = field(default_factory=dict)
    communities: dict[str, Community] = field(default_factory=dict)
    said: dict[str, Said] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    addresses: list[Any] = field(default_factory=list)
    draft: Any = None
    withdrawn: Any = None
    withdrawn_post: Any = None
    former_article: Any = None
    former_draft: Any = None
    former_posts: dict[str, Any] = field(default_factory=dict)
    hidden_post: Any = None
    hidden_post_comment: Any = None
    hidden_comment: Any = None

    def word(self, label: str, readers: frozenset[str] = NOBODY, only_at: set[str] | None = None) -> str:
        """A new word, noted with its readers."""
        word = _word(label)
        assert word not in self.secrets, f"two texts are called {label!r}"
        self.secrets[word] = Secret(label, readers, frozenset(only_at) if only_at else None)
        return word

    def known(self, label: str) -> str:
        """The word of a text that was written."""
        word = _word(label)
        assert self.secrets[word].label == label
        return word

    def leaked(self, text: str, persona: str, name: str = "") -> list[str]:
        """The labels of the words in `text` that `persona` may not read at the address called `name`."""
        return sorted(
            secret.label
            for word in set(WORD.findall(text.lower()))
            if (secret := self.secrets.get(word))
            and (persona not in secret.readers or (secret.only_at is not None and name not in secret.only_at))
        )

    def user(self, persona: str) -> Any:
        return self.people[persona]


def _word(label: str) -> str:
    digest = hashlib.sha256(label.encode()).digest()
    return "zq" + "".join(chr(97 + byte % 26) for byte in digest[:8]) + "x"


def build() -> World:
    """Make everything, through the actions of the service, and number the logs."""
    world = World()
    _people(world)
    for name in AUDIENCES:
        _say(world, name)
    _special(world)
    _lose(world)
    number_rows(LiveEvent)
    number_rows(SearchChange)
    return world


def _people(world: World) -> None:
    treasury = factories.department("Treasury", slug="treasury")
    team = factories.department("Tax team", slug="tax-team", parent=treasury)
    health = factories.department("Health", slug="health")
    world.departments |= {"treasury": treasury, "team": team, "health": health}
    works_in = {"colleague": treasury, "former": treasury, "suspended": treasury, "newcomer": treasury}
    works_in |= {"teammate": team, "author": team}
    for persona in PERSONAS[1:]:
        name = f"Persona {persona.replace('_', ' ').title()}"
        email = f"{persona.replace('_', '.')}@example.gov.example"
        world.people[persona] = factories.user(name, email=email, department=works_in.get(persona, health))
    User.objects.filter(pk=world.user("newcomer").pk).update(conduct_accepted_at=None)
    factories.role(world.user("department_admin"), Role.DEPARTMENT_ADMIN, department=treasury)
    factories.role(world.user("council_member"), Role.COUNCIL_MEMBER)
    factories.role(world.user("moderator"), Role.MODERATOR)
    factories.role(world.user("site_admin"), Role.SITE_ADMIN)
    User.objects.filter(pk=world.user("site_admin").pk).update(is_staff=True, is_superuser=True)
    suspended = world.user("suspended")
    User.objects.filter(pk=suspended.pk).update(biography=world.word("suspended biography"))
    for persona in ("suspended", "author"):
        people.set_photo(person=world.user(persona), upload=_picture(), by=world.user(persona))
    for person in world.people.values():
        person.refresh_from_db()


def _say(world: World, name: str) -> None:
    """Everything an audience can be told."""
    readers, author, other = READERS[name], world.user("author"), world.user(OTHERS[name])

    def word(part: str) -> str:
        return world.word(f"{name} {part}", readers)

    audience = _audience(world, name)
    topic_name = word("topic")
    sensitive = {"marking": Marking.OFFICIAL_SENSITIVE}
    article = factories.article(
        author=author,
        audience=audience,
        title=f"{word('title')} manual",
        summary=f"Summed up as {word('summary')}.",
        body=f"At first {word('old body')}.",
        topics=[topic_name],
        department=world.departments["treasury"],
        handling=f"Handle {word('article handling')}",
        **sensitive,
    )
    content = Content.of(article, body=f"By now {word('body')}.")
    article = articles.edit(
        article=article, content=content, edition=article.edition, by=author, note=f"Because {word('note')}"
    )
    article_post = Post.objects.get(article=article)
    post = factories.post(
        author=author,
        audience=audience,
        body=f"I say {word('post')} to you.",
        topics=[topic_name],
        handling=f"Handle {word('post handling')}",
        **sensitive,
    )
    question = factories.post(
        author=author, audience=audience, kind="question", body=f"Who knows {word('question')}?", topics=[topic_name]
    )
    comment = factories.comment(post=post, author=other, body=f"Indeed {word('comment')}.")
    answer = factories.comment(post=question, author=other, body=f"Ask {word('answer')}.")
    posts.accept_answer(post=question, comment=answer, by=author)
    topic = Topic.objects.get(name=topic_name)
    for liked in (post, question, article_post):
        Reaction.objects.create(post=liked, user=author, kind="thanks")
    world.said[name] = Said(
        audience=audience,
        topic=topic,
        alias=topics.make_alias(topic=topic, name=word("alias")),
        article=article,
        article_post=article_post,
        article_comment=factories.comment(post=article_post, author=other, body=f"Read {word('article comment')}."),
        post=post,
        comment=comment,
        reply=factories.comment(post=post, author=author, parent=comment, body=f"Quite {word('reply')}."),
        question=question,
        answer=answer,
    )


def _audience(world: World, name: str) -> Audience:
    if name == "everyone":
        return factories.everyone()
    if name in ("department", "team"):
        return world.departments["treasury" if name == "department" else "team"].audience
    called = f"{world.word('hidden name', READERS['hidden'])} circle" if name == "hidden" else f"The {name} community"
    made, _ = communities.found(
        name=called,
        kind=name,
        description=f"About {world.word(f'{name} description', READERS['hidden'] if name == 'hidden' else EVERYBODY)}",
        topics=[],
        key=uuid4(),
        by=world.user("owner"),
    )
    for persona in ("member", "author", "former", "suspended"):
        communities.add(community=made, user=world.user(persona), by=world.user("owner"))
    world.communities[name] = made
    return made.audience


def _special(world: World) -> None:
    """What stays unpublished, was taken back, or was hidden."""
    author, outsider, moderator = world.user("author"), world.user("outsider"), world.user("moderator")
    mine, admins, log = frozenset({"author"}), frozenset({"site_admin"}), {"admin"}
    world.draft = factories.article(
        author=author,
        publish=False,
        title=f"{world.word('draft title', mine)} plan",
        body=f"Not yet {world.word('draft body', mine)}.",
        summary=world.word("draft summary", mine),
        handling=world.word("draft handling", mine),
        marking=Marking.OFFICIAL_SENSITIVE,
    )
    pages = {"article", "article_edit", "article_history", "article_revision", "article_restore"}
    pages |= {"article_withdraw", "article_reinstate"}

    def gone(part: str) -> str:
        return world.word(f"withdrawn {part}", EVERYBODY, pages)

    world.withdrawn = factories.article(
        author=author, title=f"{gone('title')} rules", summary=gone("summary"), body=f"Once {gone('body')}."
    )
    world.withdrawn_post = Post.objects.get(article=world.withdrawn)
    factories.comment(post=world.withdrawn_post, author=outsider, body=world.word("withdrawn comment"))
    world.withdrawn = articles.withdraw(article=world.withdrawn, reason=gone("reason"), by=author)
    world.hidden_post = factories.post(author=author, body=f"Sorry {world.word('post taken back')}.")
    world.hidden_post_comment = factories.comment(
        post=world.hidden_post, author=outsider, body=world.word("comment on post taken back")
    )
    posts.hide(post=world.hidden_post, by=moderator, reason=world.word("reason of hiding the post", admins, log))
    world.hidden_comment = factories.comment(
        post=world.said["everyone"].post, author=outsider, body=f"Sorry {world.word('comment taken back')}."
    )
    world.hidden_comment = Comment.objects.get(pk=world.hidden_comment.pk)
    reason = world.word("reason of hiding the comment", admins, log)
    comments.hide(comment=world.hidden_comment, by=moderator, reason=reason)
    for persona in ("outsider", "colleague"):
        follows.follow(target=author, by=world.user(persona))
    follows.follow(target=world.said["everyone"].topic, by=outsider)
    follows.follow(target=world.departments["treasury"], by=outsider)


def _lose(world: World) -> None:
    """What people wrote, followed and were told before they lost the right to see it."""
    author, former = world.user("author"), world.user("former")
    department, hidden = world.said["department"], world.said["hidden"]
    readers = READERS["department"]
    world.former_article = factories.article(
        author=former,
        audience=department.audience,
        title=f"{world.word('former title', readers)} notes",
        body=world.word("former body", readers),
        department=world.departments["treasury"],
    )
    world.former_draft = factories.article(
        author=former, audience=department.audience, publish=False, title=world.word("former draft")
    )
    for name, said in (("department", department), ("hidden", hidden)):
        post = factories.post(
            author=former, audience=said.audience, body=world.word(f"former post to {name}", READERS[name])
        )
        world.former_posts[name] = post
        factories.comment(post=post, author=author, body=world.word(f"comment for former in {name}", READERS[name]))
        follows.follow(target=said.topic, by=former)
    memberships.leave(membership=former.memberships.get(), by=None)
    for community in world.communities.values():
        communities.remove(community=community, user=former, by=world.user("owner"))
    communities.join(community=world.communities["closed"], by=world.user("outsider"))
    factories.comment(post=department.post, author=world.user("suspended"), body="Nothing to see here.")
    memberships.suspend(user=world.user("suspended"), by=None)
    for persona in ("former", "suspended"):
        world.user(persona).refresh_from_db()


def _picture() -> SimpleUploadedFile:
    stream = io.BytesIO()
    Image.new("RGB", (300, 300), "teal").save(stream, "PNG")
    return SimpleUploadedFile("face.png", stream.getvalue(), content_type="image/png")
