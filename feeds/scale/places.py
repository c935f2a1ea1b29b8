"""Departments as a dated forest, topics, communities, and the audiences of all of them."""

from __future__ import annotations

from collections.abc import Iterator

from feeds.demo import catalogue
from feeds.scale import words
from feeds.scale.plan import (
    ACCOUNTS,
    CLOSED_COMMUNITY,
    COMMUNITY,
    HIDDEN_COMMUNITY,
    IDS,
    TOPIC,
    YEAR,
    Clock,
    People,
    Plan,
    distinct,
)
from feeds.scale.tables import Row, Table
from profiles.models import (
    UNITS,
    Audience,
    AudienceKind,
    Community,
    CommunityKind,
    CommunityMembership,
    CommunityTopic,
    Department,
    DepartmentAncestor,
    DepartmentKind,
    DepartmentName,
    DepartmentParent,
    DepartmentSuccessor,
    MailDomain,
    Topic,
    TopicAlias,
    TopicState,
)

AGENCIES = (
    DepartmentKind.EXECUTIVE_AGENCY,
    DepartmentKind.EXECUTIVE_NDPB,
    DepartmentKind.NON_MINISTERIAL,
    DepartmentKind.ADVISORY_NDPB,
)
# How many communities each of the named accounts joined; what is joined is followed
JOINED = {"five": 1, "fifty": 5, "thousand": 30, "busy": 3}


class Forest:
    """The departments by number, from 1: who stands under whom, who closed and when."""

    def __init__(self, plan: Plan) -> None:
        dice, count = plan.dice("forest"), plan.departments
        self.count, self.end = count, plan.end
        self.roots = max(4, count // 28)
        organisations = self.roots + count // 4
        directorates = organisations + count * 3 // 10
        self.parent, self.kind = [0], [""]
        for number in range(1, count + 1):
            if number <= self.roots:
                parent, kind = 0, DepartmentKind.MINISTERIAL
            elif number <= organisations:
                parent, kind = int((self.roots + 1) ** dice.random()), AGENCIES[number % len(AGENCIES)]
            elif number <= directorates:
                parent, kind = int((organisations + 1) ** dice.random()), DepartmentKind.DIRECTORATE
            else:
                parent, kind = dice.randint(organisations + 1, directorates), DepartmentKind.TEAM
            self.parent.append(parent)
            self.kind.append(str(kind))
        above = set(self.parent)
        leaves = [n for n in range(self.roots + 1, count + 1) if n not in above]
        # All closed before anything that is still new was said
        self.closed_at = {n: plan.quiet_since - 86_400 * dice.randint(3, 200) for n in leaves if n % 9 == 5}
        self.closed = sorted(self.closed_at)
        self.open = [n for n in range(1, count + 1) if n not in self.closed_at]
        self.opened_at = [0] + [self._opened(n, plan) for n in range(1, count + 1)]

    @staticmethod
    def _opened(number: int, plan: Plan) -> int:
        return plan.start - YEAR * (1 + number * 7 % 30)

    def above(self, number: int) -> list[int]:
        """The department itself and all above it, nearest first."""
        found = [number]
        while self.parent[found[-1]]:
            found.append(self.parent[found[-1]])
        return found

    def name(self, number: int) -> str:
        return words.department_name(number, self.kind[number])

    def label(self, number: int) -> str:
        """The name; for a unit inside an organisation with that one's."""
        if self.kind[number] in UNITS:
            for above in self.above(number)[1:]:
                if self.kind[above] not in UNITS:
                    return f"{self.name(number)}, {self.abbreviation(above) or self.name(above)}"
        return self.name(number)

    def abbreviation(self, number: int) -> str:
        return f"M{number}" if number <= self.roots else ""

    def renamed_at(self, number: int) -> int:
        """When it got its present name; 0 where it always had it."""
        return self.end - YEAR * 2 - number * 86_400 // 4 if number % 10 == 2 else 0


def departments(forest: Forest, clock: Clock) -> Iterator[tuple[Table, Iterator[Row]]]:
    """The rows of the forest, table by table."""
    numbers = range(1, forest.count + 1)

    def rows() -> Iterator[Row]:
        for n in numbers:
            closed = forest.closed_at.get(n)
            yield (
                n, f"department-{n}", forest.kind[n], forest.name(n), forest.abbreviation(n), forest.label(n),
                forest.parent[n] or None, clock.date(forest.opened_at[n]), closed and clock.date(closed),
                int(closed is not None), "merged" if closed else "",
            )  # fmt: skip

    columns = ("id", "slug", "kind", "name", "abbreviation", "label", "parent_id")
    yield Table(Department, *columns, "opened_on", "closed_on", "is_closed", "closed_reason"), rows()

    def names() -> Iterator[Row]:
        for n in numbers:
            opened, renamed = clock.date(forest.opened_at[n]), forest.renamed_at(n)
            if renamed:
                yield n, f"Office of {forest.name(n)}", "", opened, clock.date(renamed)
            yield n, forest.name(n), forest.abbreviation(n), clock.date(renamed) if renamed else opened, None

    yield Table(DepartmentName, "department_id", "name", "abbreviation", "from_on", "until_on"), names()

    def parents() -> Iterator[Row]:
        for n in numbers:
            if forest.parent[n]:
                yield n, forest.parent[n], 1, clock.date(forest.opened_at[n])
                second = n % forest.roots + 1
                # A few stand under a second ministry too, which visibility does not follow
                if n % 20 == 3 and second not in forest.above(n):
                    yield n, second, 0, clock.date(forest.opened_at[n])

    yield Table(DepartmentParent, "department_id", "parent_id", "is_main", "from_on"), parents()
    ancestors = ((n, above, depth) for n in numbers for depth, above in enumerate(forest.above(n)))
    yield Table(DepartmentAncestor, "department_id", "ancestor_id", "depth"), ancestors
    yield Table(DepartmentSuccessor, "predecessor_id", "successor_id"), ((n, forest.parent[n]) for n in forest.closed)
    domains = ((n, f"m{n}.scale.example") for n in range(1, forest.roots + 1))
    yield Table(MailDomain, "department_id", "domain"), domains


class Audiences:
    """Which audience row is whose: everyone's is there, then come departments, then communities."""

    def __init__(self, everyone: int, plan: Plan) -> None:
        self.everyone, self._departments, self._plan = everyone, plan.departments, plan

    def department(self, number: int) -> int:
        return self.everyone + number

    def community(self, number: int) -> int:
        return self.everyone + self._departments + number

    def rows(self) -> tuple[Table, Iterator[Row]]:
        department, community = str(AudienceKind.DEPARTMENT), str(AudienceKind.COMMUNITY)

        def rows() -> Iterator[Row]:
            for n in range(1, self._departments + 1):
                yield self.department(n), department, n, None
            for n in range(1, self._plan.communities + 1):
                yield self.community(n), community, None, n

        return Table(Audience, "id", "kind", "department_id", "community_id"), rows()


def topics(plan: Plan, clock: Clock) -> Iterator[tuple[Table, Iterator[Row]]]:
    """Adopted topics with their aliases first, then what people suggested; a lower number is talked of more."""
    adopted = catalogue.topics()
    ids = {entry.name: number for number, entry in enumerate(adopted, start=1)}

    def rows() -> Iterator[Row]:
        for n in range(1, plan.topics + 1):
            made = clock(plan.start + n * 3_600)
            if n <= len(adopted):
                entry = adopted[n - 1]
                slug = TOPIC if n == 1 else words.slug(entry.name)
                yield n, entry.name, slug, str(TopicState.ADOPTED), entry.description, ids.get(entry.parent), made
            else:
                name = words.topic_name(n)
                yield n, name, words.slug(name), str(TopicState.SUGGESTED), "", None, made

    yield Table(Topic, "id", "name", "slug", "state", "description", "parent_id", "created_at"), rows()
    aliases = ((ids[entry.name], alias, words.slug(alias)) for entry in adopted for alias in entry.aliases)
    yield Table(TopicAlias, "topic_id", "name", "slug"), aliases


def topic_names(plan: Plan) -> list[str]:
    """By number; nothing has the number 0."""
    adopted = [entry.name for entry in catalogue.topics()]
    return ["", *adopted, *(words.topic_name(n) for n in range(len(adopted) + 1, plan.topics + 1))]


def community_kind(number: int) -> CommunityKind:
    """Seven in ten are open; the largest hidden one is the fourth."""
    if number % 10 == 4:
        return CommunityKind.HIDDEN
    return CommunityKind.CLOSED if number % 10 in (2, 6) else CommunityKind.OPEN


def communities(plan: Plan, people: People, clock: Clock) -> Iterator[tuple[Table, Iterator[Row]]]:
    """Communities by size, the largest first, with their topics and members."""
    entries, slugs = catalogue.communities(), {1: COMMUNITY, 2: CLOSED_COMMUNITY, 4: HIDDEN_COMMUNITY}
    numbers = range(1, plan.communities + 1)

    def rows() -> Iterator[Row]:
        for n in numbers:
            entry = entries[n % len(entries)]
            made, kind = clock(plan.start - YEAR + n * 3_600), community_kind(n)
            name, slug = f"{entry.name} {n}", slugs.get(n, f"community-{n}")
            yield n, slug, name, entry.description, str(kind), plan.member(n, 0), made

    yield Table(Community, "id", "slug", "name", "description", "kind", "created_by_id", "created_at"), rows()
    dice = plan.dice("community topics")

    def about() -> Iterator[Row]:
        for n in numbers:
            draws = (int((plan.topics + 1) ** dice.random()) for _ in range(12))
            for topic in distinct(draws, 1 + n % 3):
                yield n, topic

    yield Table(CommunityTopic, "community_id", "topic_id"), about()
    yield _members(plan, people, clock)


def _members(plan: Plan, people: People, clock: Clock) -> tuple[Table, Iterator[Row]]:
    names = people.names

    def rows() -> Iterator[Row]:
        for n in range(1, plan.communities + 1):
            size = plan.community_size(n)
            founded = plan.start - YEAR + n * 3_600
            step = max(1, (plan.start - 86_400 - founded) // size)
            for place in range(size):
                joined, who = clock(founded + place * step), plan.member(n, place)
                yield n, who, names[who], int(place == 0), joined, joined
            if community_kind(n) == CommunityKind.CLOSED:
                # One who asks and waits
                who = plan.member(n, size)
                yield n, who, names[who], 0, clock(plan.end - 86_400 * (1 + n % 5)), None
        for local, most in JOINED.items():
            for n in joined_communities(plan, most):
                joined = clock(plan.start)
                yield n, IDS[local], names[IDS[local]], 0, joined, joined

    columns = ("community_id", "user_id", "person_name", "is_owner", "requested_at", "joined_at")
    return Table(CommunityMembership, *columns), rows()


def joined_communities(plan: Plan, most: int) -> list[int]:
    """What a named account joined: large ones and small ones, hidden ones too."""
    return [1 + n * (plan.communities - 1) // max(1, most) for n in range(most)]


def account_lines() -> list[str]:
    """The named accounts, one in a line."""
    return [f"  {account.email:<28} {account.what}" for account in ACCOUNTS]
