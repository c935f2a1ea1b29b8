"""People with their places, what they know and whom they follow."""

from __future__ import annotations

from collections.abc import Iterator

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX

from feeds.models import Follow
from feeds.scale.places import JOINED, Forest
from feeds.scale.plan import ACCOUNTS, FIRST, IDS, YEAR, Clock, People, Plan, distinct
from feeds.scale.tables import Row, Table
from feeds.scale.words import Words
from profiles.models import Expertise, Membership, Role, RoleGrant, User

DAYS = ("1111100", "1111100", "1111100", "1111000", "0111110", "1110000")
# How many things a named account follows besides its communities: people, topics, departments
FOLLOWED = {
    "five": (2, 1, 1),
    "fifty": (28, 12, 5),
    "thousand": (450, 370, 150),
    "away": (30, 15, 5),
    "busy": (10, 5, 1),
}


def users(plan: Plan, people: People, vocabulary: Words, clock: Clock) -> Iterator[tuple[Table, Iterator[Row]]]:
    """Everybody, with their places and mail addresses."""
    emails: list[str] = []

    def rows() -> Iterator[Row]:
        dice = plan.dice("people").random
        (given, surnames), (given_plain, surnames_plain) = vocabulary.names, vocabulary.local_parts
        characters, accounts = vocabulary.characters, dict(enumerate(ACCOUNTS, start=1))
        leads: dict[int, int] = {}
        for n in range(1, plan.people + 1):
            first, last = int(dice() * len(given)), int(dice() * len(surnames))
            one, html = characters[int(dice() * len(characters))]
            department = people.department[n]
            account = accounts.get(n)
            name = account.name if account else f"{given[first]} {surnames[last]}"
            people.names.append(name)
            local = f"{given_plain[first]}.{surnames_plain[last]}.{n}@m{n % 9 + 1}.scale.example"
            emails.append(account.email if account else local)
            joined, confirmed = _joined(plan, n), plan.end - int(dice() * 300) * 86_400
            suspended = clock(plan.end - 86_400 * (1 + n % 300)) if is_suspended(n) else None
            manager = leads.setdefault(department, n)
            came = clock(joined)
            # Their words are about another team of the same trade; nobody's photo is drawn
            yield (
                n, emails[-1], name, f"{UNUSABLE_PASSWORD_PREFIX}scale{n:032}", one.job_title, one.grade,
                one.location, one.phone, one.pronouns, DAYS[n % len(DAYS)], one.contact_me_about, one.biography, html,
                manager if manager != n else None, department, int(suspended is None), suspended, came, came,
                clock(max(confirmed, joined)), clock(max(confirmed, joined)), int(suspended is not None),
            )  # fmt: skip

    columns = (
        "id", "email", "name", "password", "job_title", "grade", "location", "phone", "pronouns", "working_days",
        "contact_me_about", "biography", "biography_html", "manager_id", "main_department_id", "is_active",
        "suspended_at", "joined_at", "conduct_accepted_at", "confirmed_at", "updated_at", "session_epoch",
    )  # fmt: skip
    yield Table(User, *columns), rows()
    addresses = ((n, email) for n, email in enumerate(emails, start=1))
    yield Table(EmailAddress, "user_id", "email", verified=1, primary=1), addresses
    roles: list[Row] = [(IDS["moderator"], str(Role.MODERATOR)), (FIRST, str(Role.COUNCIL_MEMBER))]
    yield Table(RoleGrant, "user_id", "role", granted_at=clock(plan.start)), iter(roles)


def memberships(plan: Plan, people: People, forest: Forest, clock: Clock) -> tuple[Table, Iterator[Row]]:
    """Everybody's main place; some have a second one, some came from a department that closed."""

    def rows() -> Iterator[Row]:
        dice, led = plan.dice("memberships").random, set[int]()
        for n in range(1, plan.people + 1):
            department, joined, name = people.department[n], _joined(plan, n), people.names[n]
            is_lead = department not in led
            led.add(department)
            former = former_department(n, forest)
            began = max(joined - int(dice() * 5 * YEAR), forest.opened_at[department])
            if former:
                closed = forest.closed_at[former]
                yield n, name, former, "", 0, 0, clock.date(forest.opened_at[former] + YEAR), clock.date(closed)
                began = closed
            yield n, name, department, "Head" if is_lead else "", int(is_lead), 1, clock.date(began), None
            if n % 20 == 11:
                second = forest.open[int(dice() * len(forest.open))]
                if second != department:
                    yield n, name, second, "Secondee", 0, 0, clock.date(joined), None

    columns = ("user_id", "person_name", "department_id", "role_title", "is_lead", "is_main", "started_on", "ended_on")
    return Table(Membership, *columns), rows()


def former_department(person: int, forest: Forest) -> int:
    """The closed department a person came from; 0 for most."""
    if person % 10 != 3 or person < FIRST or not forest.closed:
        return 0
    return forest.closed[person // 10 % len(forest.closed)]


def is_suspended(person: int) -> bool:
    return person % 50 == 31


def expertise(plan: Plan, people: People) -> tuple[Table, Iterator[Row]]:
    """Two or three topics for most."""

    def rows() -> Iterator[Row]:
        dice, top = plan.dice("expertise").random, plan.topics + 1
        for n in range(1, plan.people + 1):
            for topic in {int(top ** dice()) for _ in range(1 + n % 3)}:
                yield n, people.names[n], topic

    return Table(Expertise, "user_id", "person_name", "topic_id"), rows()


def follows(plan: Plan, forest: Forest, clock: Clock) -> tuple[Table, Iterator[Row]]:
    """Few follow much, most follow little; the head is followed by two in five."""

    def rows() -> Iterator[Row]:
        dice = plan.dice("follows")
        draw, each = dice.random, plan.follows / plan.ordinary
        ordinary, topics, departments = plan.ordinary + 1, plan.topics + 1, len(forest.open)
        # Nothing was followed before everybody was there
        span = YEAR - 86_400
        head = IDS["head"]
        for local, counts in FOLLOWED.items():
            yield from _named(plan, forest, clock, local, counts)
        for n in range(FIRST, plan.people + 1):
            followed = set[tuple[int, int]]()
            if draw() < 0.4:
                followed.add((0, head))
            for _ in range(min(2_000, int(dice.expovariate(1) * (each - 0.4) + draw())) if each > 0.4 else 0):
                kind = draw()
                if kind < 0.6:
                    followed.add((0, FIRST - 1 + int(ordinary ** draw())))
                elif kind < 0.9:
                    followed.add((1, int(topics ** draw())))
                else:
                    followed.add((2, forest.open[int(departments * draw() ** 2)]))
            followed.discard((0, n))
            for kind, thing in sorted(followed):
                at = clock(plan.end - int(draw() * span))
                yield n, *_thing(kind, thing), at

    return Table(Follow, "user_id", "person_id", "topic_id", "department_id", "created_at"), rows()


def _named(plan: Plan, forest: Forest, clock: Clock, local: str, counts: tuple[int, int, int]) -> Iterator[Row]:
    dice, at = plan.dice(f"follows of {local}").random, clock(plan.start + 86_400)
    people, topics, departments = counts
    quiet = local == "away"

    def drawn(top: int) -> Iterator[int]:
        # As everybody draws: more often what more people follow; and when the dice bring nothing new, whatever is left
        for _ in range(top * 4):
            yield int((top + 1) ** dice())
        yield from range(1, top + 1)

    def fit(numbers: Iterator[int]) -> Iterator[int]:
        return (number for number in numbers if plan.is_quiet(number) == quiet)

    some = (number + FIRST - 1 for number in drawn(plan.ordinary))
    for person in distinct(fit(some) if quiet else some, people):
        yield IDS[local], person, None, None, at
    for topic in distinct(fit(drawn(plan.topics)) if quiet else drawn(plan.topics), topics):
        yield IDS[local], None, topic, None, at
    known = forest.closed if quiet else forest.open
    for number in distinct(drawn(len(known)), departments):
        yield IDS[local], None, None, known[number - 1], at


def followed_by(local: str) -> int:
    """How many things a named account follows, its communities among them."""
    return sum(FOLLOWED.get(local, ())) + JOINED.get(local, 0)


def _thing(kind: int, thing: int) -> tuple[int | None, int | None, int | None]:
    return (thing if kind == 0 else None, thing if kind == 1 else None, thing if kind == 2 else None)


def _joined(plan: Plan, person: int) -> int:
    """When somebody came to the service: before it all begins; the new one this morning."""
    if person == IDS["new"]:
        return plan.end - 3_600
    return plan.start - YEAR - 86_400 - person % 500 * 3_600
