"""The people of the demonstration service: invented from word lists, and always the same ones."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count as count_from
from itertools import islice
from typing import Any

from feeds.demo.avatars import avatar
from feeds.demo.biographies import GRADES, Biographer
from feeds.demo.catalogue import DemoDepartment, DemoTeam, departments, read_yaml
from feeds.demo.names import Named, Names

SEED = 20261121
# After its head, a department fills its posts in this order of grades, over and over.
GRADE_ORDER = (
    "G6", "G7", "SEO", "HEO", "EO", "AO", "SEO", "G7", "HEO", "EO", "SCS1", "HEO", "AA", "SEO", "EO",
)  # fmt: skip
EVERYWHERE = 5  # rounds in which every department appoints, whatever its size
LEADS_FROM = {"directorate": GRADES.index("G7"), "team": GRADES.index("HEO")}
HEAD = "leadership"  # a profession of their own, so that nobody takes them for a caseworker
HEAD_TITLES = {
    "Ministerial department": "Chief Operating Officer",
    "Devolved government": "Director of Corporate Services",
    "Executive agency": "Deputy Chief Executive",
}
OTHER_HEAD_TITLE = "Director of Operations and Corporate Services"
ACCOUNTS_AT = "cabinet-office"


@dataclass(frozen=True)
class DemoPerson:
    """
    One invented person.

    `profession` is a short key (policy, digital, data …; heads of departments have leadership),
    `department` and `team` are slugs of departments.yaml, `manager_key` is another person's key, `expertise`
    holds topic names, `account` is a named account's role in words and empty for everybody else, and `tones`
    and `styles` narrow the portrait.
    """

    key: str
    name: str
    email: str
    pronouns: str
    job_title: str
    grade: str
    location: str
    phone: str
    working_days: str
    contact_me_about: str
    biography: str
    profession: str
    department: str
    team: str | None
    is_lead: bool
    manager_key: str | None
    expertise: tuple[str, ...]
    account: str = ""
    tones: tuple[int, ...] = ()
    styles: tuple[str, ...] = ()

    def photo(self, size: int = 512) -> bytes:
        """This person's portrait as a PNG, `size` pixels square."""
        return avatar(self.key, size, tones=self.tones, styles=self.styles)


@dataclass(eq=False)
class Job:
    """A post in a department before anybody holds it; `account` has a named account's own words."""

    department: DemoDepartment
    profession: str
    grade: str
    team: DemoTeam | None = None
    is_lead: bool = False
    manager: "Job | None" = None
    account: dict[str, Any] | None = None
    title: str = ""
    key: str = ""

    @property
    def rank(self) -> int:
        return GRADES.index(self.grade)

    @property
    def unit(self) -> str:
        """What the person would call the place they work in."""
        return self.team.name if self.team else "corporate services"


def _account_jobs(words: dict[str, Any]) -> Iterator[Job]:
    home = next(department for department in departments() if department.slug == ACCOUNTS_AT)
    teams = {team.slug: team for team in home.all_teams()}
    for row in words["accounts"]:
        team = teams[row["team"]] if row["team"] else None
        yield Job(home, row["profession"], row["grade"], team, row["is_lead"], account=row, title=row["job_title"])


def _appointments(mix: dict[str, list[str]], writer: Biographer) -> Iterator[Job]:
    """Heads first, then every department in turn; the short lists drop out of a turn before the long ones."""
    for department in departments():
        title = HEAD_TITLES.get(department.kind, OTHER_HEAD_TITLE)
        yield Job(department, HEAD, GRADES[-1], is_lead=True, title=title)
    longest = max(map(len, mix.values()))
    for turn in count_from():
        for department in departments():
            trades = mix[department.slug]
            if turn % longest < max(len(trades), EVERYWHERE):
                profession = trades[turn % len(trades)]
                grade = GRADE_ORDER[turn % len(GRADE_ORDER)]
                floor = writer.lowest_grade(profession)
                yield Job(department, profession, max(grade, floor, key=GRADES.index))


def _place_in_teams(jobs: list[Job]) -> None:
    """Put everybody into the emptiest team that does their work; the most senior each get a directorate."""
    size: dict[str, int] = defaultdict(int)
    led = {job.team.slug for job in jobs if job.team and job.is_lead}
    for job in jobs:
        if job.title:  # heads and named accounts already know
            continue
        is_senior = job.rank >= GRADES.index("G6")
        units = job.department.all_teams()
        if is_senior:
            units = [top for top in job.department.teams if top.slug not in led] or list(job.department.teams)
        suitable = [unit for unit in units if job.profession in unit.professions] or (is_senior and units)
        if suitable:  # otherwise they belong to the department as a whole
            job.team = min(suitable, key=lambda unit: size[unit.slug])
            size[job.team.slug] += 1
            led |= {job.team.slug} if is_senior else set()


def _choose_leads(jobs: list[Job]) -> None:
    members: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        if job.team:
            members[job.team.slug].append(job)
    for people_there in members.values():
        senior = max(people_there, key=lambda job: job.rank)
        if senior.team and not any(job.is_lead for job in people_there):
            senior.is_lead = senior.rank >= LEADS_FROM[senior.team.kind]


def _choose_managers(jobs: list[Job]) -> None:
    """The next grade up in the team, else in its directorate, else anyone senior who leads, else the head."""
    by_department: dict[str, list[Job]] = defaultdict(list)
    directorate: dict[str, str] = {}
    for department in departments():
        directorate |= {team.slug: top.slug for top in department.teams for team in top.walk()}
    for job in jobs:
        by_department[job.department.slug].append(job)

    def distance(job: Job, other: Job) -> int:
        if job.team and other.team:
            if job.team == other.team:
                return 0
            if directorate[job.team.slug] == directorate[other.team.slug]:
                return 1
        return 2 if other.is_lead else 3

    for job in jobs:
        senior = [other for other in by_department[job.department.slug] if other.rank > job.rank]
        job.manager = min(senior, key=lambda other: (distance(job, other), other.rank), default=None)


class Directory:
    """Appoints people to jobs: the parts of a person that are drawn from the word lists."""

    def __init__(self, rng: random.Random, words: dict[str, Any], writer: Biographer) -> None:
        self._rng, self._words, self._writer = rng, words, writer
        self._names = Names(rng, words)
        self._phones: dict[str, Iterator[int]] = {}

    def _phone(self, town: str) -> str:
        prefix = self._words["phones"].get(town) or self._words["phones"]["elsewhere"]
        if prefix not in self._phones:
            self._phones[prefix] = iter(self._rng.sample(range(1000), 1000))
        last = next(self._phones[prefix], None)
        return f"{prefix}{self._rng.randrange(1000) if last is None else last:03}"

    def name(self, job: Job) -> Named:
        """Draw the name, or take the named account's, and set the job's key by it."""
        if job.account:
            row = job.account
            given, family = row["name"].split()
            styles = self._names.usual_styles(row["pronouns"], row["tones"])
            named = Named(given, family, row["pronouns"], tuple(row["tones"]), styles)
        else:
            named = self._names.draw()
        job.key = named.local_part.replace(".", "-")
        return named

    def appoint(self, job: Job, named: Named) -> DemoPerson:
        """Make the person; every key must be set first, since managers are named by key."""
        row = job.account or self._invented(job)
        local = job.account["local"] if job.account else named.local_part
        return DemoPerson(
            key=job.key,
            name=named.name,
            email=f"{local}@{job.department.mail_domains[0]}",
            pronouns=named.pronouns,
            job_title=row["job_title"],
            grade=job.grade,
            location=row["location"],
            phone=self._phone(row["location"].split(",")[0]),
            working_days=row["working_days"],
            contact_me_about=row["contact_me_about"],
            biography=row["biography"],
            profession=job.profession,
            department=job.department.slug,
            team=job.team.slug if job.team else None,
            is_lead=job.is_lead,
            manager_key=job.manager.key if job.manager else None,
            expertise=tuple(row["expertise"]),
            account=row.get("account", ""),
            tones=named.tones,
            styles=named.styles,
        )

    def _invented(self, job: Job) -> dict[str, Any]:
        writer, rng = self._writer, self._rng
        location = rng.choice(self._words["locations"][job.department.slug])
        days, weights = zip(*self._words["working_days"], strict=True)
        expertise = writer.expertise(job.profession)
        title = job.title or writer.title(job.profession, job.grade, job.unit)
        return {
            "job_title": title,
            "location": location,
            "working_days": rng.choices(days, weights)[0],
            "contact_me_about": writer.about(job.profession, job.unit),
            "expertise": expertise,
            "biography": writer.biography(
                profession=job.profession,
                title=title,
                grade=job.grade,
                is_lead=job.is_lead,
                team=job.unit,
                place=location.split(",")[0],
                expertise=expertise,
            ),
        }


def people(count: int = 300) -> list[DemoPerson]:
    """
    Invent this many people, the named accounts first; the same ones every time.

    Every department has at least six from a count of 201 on.
    """
    words = read_yaml("people.yaml")
    rng = random.Random(SEED)
    writer = Biographer(rng)
    jobs = list(_account_jobs(words))
    jobs += islice(_appointments(words["mix"], writer), max(0, count - len(jobs)))
    jobs = jobs[:count]
    _place_in_teams(jobs)
    _choose_leads(jobs)
    _choose_managers(jobs)
    directory = Directory(rng, words, writer)
    names = [directory.name(job) for job in jobs]
    return [directory.appoint(job, named) for job, named in zip(jobs, names, strict=True)]
