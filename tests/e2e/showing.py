"""What the pages are shown with: a part of the demonstration, and what it lacks: awkward words and empty places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str

from feeds.management.commands.load_demo import load
from feeds.models import Post, PostKind
from knowledge.actions import articles
from knowledge.actions.content import Content
from knowledge.models import Article
from profiles import indexing
from profiles.actions import communities
from profiles.audience import Marking
from profiles.models import Community, CommunityKind, Department, Topic, TopicState, User
from tests import factories

ACCOUNTS = ("civil.servant", "council", "department.admin", "community.owner")
# Words as they come: without a place to break, and far too many of them
LONG_NAME = "Maximiliane-Konstanze Oluwaseunfunmilayo Featherstonehaugh-Wolfeschlegelsteinhausen"
LONG_WORD = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"
AWKWARD = f"""{LONG_WORD}{LONG_WORD} and https://intranet.example/{"a-long-path/" * 12}

## {LONG_WORD} with `a_function_name_that_nobody_can_break_anywhere_at_all()`

| Department | What it asked for | When | {LONG_WORD} |
|---|---:|:---:|---|
| Ministry of Housing, Communities and Local Government | 1,234,567.89 | 27 March 2026 | no |

### A smaller heading

```
curl --silent --show-error --header 'Accept: application/json' https://intranet.example/{"x" * 90}
```

> A word of somebody else.

1. First
   - deeper
2. Second
"""


@dataclass
class Showing:
    """People by what they are (`people`), and the address of everything that is shown (`at`)."""

    people: dict[str, User]
    at: dict[str, str]


def build() -> Showing:
    """Load it all into an empty database, index it, and say where everything is."""
    load(size=50, posts=30)
    # A demonstration account gets in with DEBUG alone, and the server is as in production
    User.objects.update(is_demo=False)
    people = {account: User.objects.get(email=f"{account}@cabinet-office.example") for account in ACCOUNTS}
    home = Department.objects.get(slug="cabinet-office")
    people["newcomer"] = factories.user("New Starter", department=home)
    people["unsworn"] = factories.user("Not Yet", conduct_accepted_at=None)
    at = _said(people["civil.servant"]) | _known(people["civil.servant"])
    at |= _places(people, home) | _letters(people["newcomer"])
    indexing.rebuild()
    return Showing(people, at)


def _said(author: User) -> dict[str, str]:
    """Posts: with a discussion and an answer, one's own with awkward words, marked, with nothing on it."""
    question = Post.objects.filter(audience=factories.everyone(), answer__isnull=False).order_by("-comment_count")[0]
    other = factories.user(LONG_NAME, job_title=f"Head of {LONG_WORD}")
    own = factories.post(author=author, body=AWKWARD, topics=[LONG_WORD, "Accessibility"])
    theirs = factories.comment(post=own, author=other, body=AWKWARD)
    mine = factories.comment(post=own, author=author, parent=theirs)
    sensitive = {"marking": Marking.OFFICIAL_SENSITIVE, "handling": f"Not beyond {LONG_WORD}"}
    silent = factories.post(author=other, kind=PostKind.QUESTION, **sensitive)
    return {
        "question": question.get_absolute_url(),
        "own post": own.get_absolute_url(),
        "silent post": silent.get_absolute_url(),
        "own comment": f"/comments/{mine.pk}/",
        "somebody's comment": f"/comments/{theirs.pk}/",
        "awkward person": other.get_absolute_url(),
        "own profile": author.get_absolute_url(),
    }


def _known(author: User) -> dict[str, str]:
    """Articles: one of the demonstration, one with a history and awkward words, a draft, a withdrawn one."""
    changed = factories.article(
        author=author, title=f"On {LONG_WORD}", body=AWKWARD, department=author.main_department, topics=[LONG_WORD]
    )
    content = Content.of(changed, body=AWKWARD.replace("Second", "Second thoughts"), summary="What changed.")
    articles.edit(article=changed, content=content, edition=changed.edition, by=author, note="Second thoughts")
    withdrawn = factories.article(
        author=author, marking=Marking.OFFICIAL_SENSITIVE, handling="Only for those who need it"
    )
    articles.withdraw(article=withdrawn, reason="It was wrong.", by=author)
    return {
        "article": Article.objects.get(slug="how-to-write-a-ministerial-submission").get_absolute_url(),
        "changed article": changed.get_absolute_url(),
        "draft": factories.article(author=author, publish=False).get_absolute_url(),
        "withdrawn article": withdrawn.get_absolute_url(),
    }


def _places(people: dict[str, User], home: Department) -> dict[str, str]:
    """Departments, communities and topics: full ones and empty ones."""
    me, owner = people["civil.servant"], people["community.owner"]
    not_mine = Community.objects.exclude(memberships__user=me)
    owned = factories.community("For those who ask", owner=owner, kind=CommunityKind.CLOSED, members=(me,))
    communities.join(community=owned, by=people["newcomer"])
    found: dict[str, Any] = {
        "department": home,
        "empty department": factories.department(f"Office for {LONG_WORD}", name_cy=f"Swyddfa {LONG_WORD}"),
        "community": Community.objects.filter(kind=CommunityKind.OPEN, memberships__user=me)[0],
        "open community": not_mine.filter(kind=CommunityKind.OPEN)[0],
        "closed community": not_mine.filter(kind=CommunityKind.CLOSED)[0],
        "owned community": owned,
        "topic": Topic.objects.get(slug="accessibility"),
        "empty topic": factories.topic("Falconry"),
        "suggested topic": Topic.objects.filter(state=TopicState.SUGGESTED)[0],
    }
    return {name: item.get_absolute_url() for name, item in found.items()} | {
        "department person": f"{home.get_absolute_url()}people/{me.memberships.get(is_main=True).pk}/",
    }


def _letters(person: User) -> dict[str, str]:
    """What the links in mails lead to."""
    address = EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=False)
    token = f"{user_pk_to_url_str(person)}-{default_token_generator.make_token(person)}"
    return {
        "confirmation": f"/sign-up/confirm/{EmailConfirmationHMAC.create(address).key}/",
        "new password": f"/password/reset/{token}/",
    }
