"""`manage.py import_articles`: a folder of Markdown becomes articles, once, whatever some of its files are."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from knowledge.models import Article, Revision
from knowledge.signals import article_published
from tests import factories
from tests.knowledge.forms import changed_article

pytestmark = pytest.mark.django_db
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "guidance-18f"


def run(folder: Path, by: Any, **options: Any) -> str:
    out = StringIO()
    call_command("import_articles", str(folder), email=getattr(by, "email", by), stdout=out, **options)
    return out.getvalue()


def page(folder: Path, name: str, body: str = "Some words.", **matter: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    front = "".join(f"{key}: {value}\n" for key, value in matter.items())
    path.write_text(f"---\n{front}---\n{body}\n", encoding="utf-8")
    return path


def imported(name: str) -> Article:
    return Article.objects.get(source_path=name)


def test_it_publishes_for_everyone_with_what_the_front_matter_says(
    as_: Any, alice: Any, charlie: Any, tmp_path: Path
) -> None:
    announced = []

    def listen(**kwargs: Any) -> None:
        announced.append(kwargs["announce"])

    page(
        tmp_path,
        "guide/one.md",
        "# Heading\n\n- item\n\n| a | b |\n| --- | --- |\n| 1 | 2 |",
        title='"One: a guide"',
        description="In short",
        tags="[service-design, 'data, hiring', 7, '!!!']",
        date="2021-03-04",
    )
    article_published.connect(listen)
    try:
        report = run(tmp_path, alice)
    finally:
        article_published.disconnect(listen)

    assert "1 created, 0 updated, 0 unchanged, 0 skipped" in report
    article = imported("guide/one.md")
    assert (article.title, article.summary, article.slug) == ("One: a guide", "In short", "one-a-guide")
    assert (article.owner, article.author, article.department) == (alice, alice, alice.main_department)
    assert str(article.published_at.date()) == "2021-03-04" and article.revisions.get().number == 1
    assert set(article.topics.names()) == {"service design", "data", "hiring"}
    assert announced == [False]
    shown = as_(charlie).get(article.get_absolute_url()).content.decode()
    for piece in ("<h2", "<li>item</li>", "<td>2</td>"):
        assert piece in shown


def test_a_second_run_changes_nothing_and_says_so(alice: Any, tmp_path: Path) -> None:
    page(tmp_path, "one.md", title="One", tags="data")
    page(tmp_path, "two.md", title="Two")
    run(tmp_path, alice)
    report = run(tmp_path, alice)
    assert "0 created, 0 updated, 2 unchanged, 0 skipped" in report and "Nothing changed." in report
    assert Revision.objects.count() == 2


def test_a_changed_file_is_a_new_revision_and_keeps_what_was_decided_here(
    as_: Any, alice: Any, bob: Any, treasury: Any, tmp_path: Path
) -> None:
    page(tmp_path, "one.md", "Old words.", title="One")
    run(tmp_path, alice)
    article = imported("one.md")
    sent = changed_article(article, owner=bob.email, audience=treasury.audience.pk)
    assert as_(alice).post(f"{article.get_absolute_url()}edit/", sent).status_code == 303
    assert "1 unchanged" in run(tmp_path, alice)

    page(tmp_path, "one.md", "New words.", title="Uno")
    assert "0 created, 1 updated, 0 unchanged" in run(tmp_path, alice)
    article.refresh_from_db()
    assert (article.title, article.body, article.version, article.slug) == ("Uno", "New words.", 3, "one")
    assert (article.owner, article.audience) == (bob, treasury.audience)
    assert article.revisions.get(number=3).note == "Imported again from one.md"
    assert "1 unchanged" in run(tmp_path, alice)


def test_a_dry_run_reports_the_same_and_writes_nothing(alice: Any, tmp_path: Path) -> None:
    page(tmp_path, "one.md", title="One", tags="data")
    page(tmp_path, "bad.md", title="")
    report = run(tmp_path, alice, dry_run=True)
    assert "Dry run, nothing was written: 1 created" in report and "1 skipped" in report
    assert not Article.objects.exists()
    assert "1 created" in run(tmp_path, alice)


def test_a_bad_file_is_reported_with_its_reason_and_stops_no_other(alice: Any, tmp_path: Path) -> None:
    (tmp_path / "no-front-matter.md").write_text("# Just text\n")
    page(tmp_path, "no-title.md", tags="data")
    page(tmp_path, "title-is-a-list.md", title="[a, b]")
    (tmp_path / "bad-yaml.md").write_text("---\ntitle: a\ntags: [unclosed\n---\nText\n")
    (tmp_path / "bad-date.md").write_text("---\ntitle: a\ndate: 2021-13-45\n---\nText\n")
    (tmp_path / "not-a-mapping.md").write_text("---\n- a\n- b\n---\nText\n")
    (tmp_path / "unclosed.md").write_text("---\ntitle: Never closed\nText\n")
    (tmp_path / "not-utf-8.md").write_bytes(b"---\ntitle: Caf\xe9\n---\nText\n")
    (tmp_path / "binary.md").write_bytes(b"---\ntitle: x\n---\nText\x00\n")
    page(tmp_path, "empty.md", "   ", title="Empty")
    page(tmp_path, "only-tags.md", "{% include 'x.html' %}\n<div></div>", title="Only tags")
    page(tmp_path, "long.md", "word " * 50_000, title="Long")
    page(tmp_path, "huge.md", "word " * 500_000, title="Huge")
    page(tmp_path, "long-title.md", title="x" * 161)
    page(tmp_path, "meta.md", title="Meta", permalink="false")
    page(tmp_path, "draft.md", title="Draft", draft="true")
    (tmp_path / "elsewhere.md").symlink_to("/etc/hostname")
    (tmp_path / "gone.md").symlink_to("/nowhere")
    page(tmp_path, ".git/hidden.md", title="Hidden")
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "picture.png").write_bytes(b"x")
    page(tmp_path, "zz-good.md", title="Good")

    report = run(tmp_path, alice)
    for line in (
        "no-front-matter.md: it has no title",
        "no-title.md: it has no title",
        "title-is-a-list.md: it has no title",
        "bad-yaml.md: its front matter is not valid YAML on line",
        "bad-date.md: its front matter is not valid YAML",
        "not-a-mapping.md: its front matter is not a list of names and values",
        "unclosed.md: it has no title",
        "not-utf-8.md: it is not UTF-8 text",
        "binary.md: it is not text",
        "/empty.md: it has no text"[1:],
        "only-tags.md: it has no text",
        "long.md: it is longer than",
        "huge.md: it is too long",
        "long-title.md: its title is longer than 160",
        "meta.md: it is not a page of its own",
        "draft.md: it is a draft",
        "elsewhere.md: it is a link to another file",
        "gone.md: it is a link to another file",
        "1 created, 0 updated, 0 unchanged, 18 skipped.",
    ):
        assert line in report, line
    assert [article.title for article in Article.objects.all()] == ["Good"]


def test_template_tags_and_html_become_prose(as_: Any, alice: Any, tmp_path: Path) -> None:
    page(
        tmp_path,
        "one.md",
        """\
{% comment %}not for readers{% endcomment %}
{% include "box.html" header: "x" %}
## How to{#how .wide}

Read
[the other]({{ "/guide/two/#why" | url }}){.usa-link}, [a file](./two.md), [gone](/nowhere/), [x](javascript:alert(1)),
[out](https://example.org/a) and [above](#how). Owner: {{ site.owner }}. A note.[^n]

<div class="x">
    <p>Inside <strong>bold</strong> <a href="/guide/two/">two</a></p>
    <ul>
        <li>first</li>
        <li>second<br>line</li>
    </ul>
</div>
<table><tr><th>A</th><th>B</th></tr><tr><td>1 | 2</td><td><code>&lt;b&gt;</code></td></tr></table>
<script>alert(1)</script><style>p {}</style>
<img src="x.png" alt="A chart"><iframe src="https://example.org/v" title="A film"></iframe>
Send <insert name> the form. Use `{{ value }}` and `<b>`.

```html
<div>{% raw %}</div>
```

[^n]: The note.
""",
        title="One",
        permalink="/guide/one/",
    )
    page(tmp_path, "two.md", "## Why\n\nText", title="Two", permalink="/guide/two/", redirect_from="[/old-two/]")
    page(tmp_path, "three.md", "See [two](/old-two/) and [one](../one/).", title="Three", permalink="/guide/three/")
    assert "3 created" in run(tmp_path, alice)

    body = imported("one.md").body
    for kept in (
        "## How to\n",
        "[the other](/knowledge/two/#section-why)",
        "[a file](/knowledge/two/)",
        ", gone, x,",
        "[out](https://example.org/a)",
        "[above](#section-how-to)",
        "A note. (note 1)",
        "**Note 1:** The note.",
        "Inside **bold** [two](/knowledge/two/)",
        "- first\n- second line",
        "| A | B |\n| --- | --- |\n| 1 \\| 2 | `<b>` |",
        "(Picture: A chart)",
        "[A film](https://example.org/v)",
        "Send <insert name> the form. Use `{{ value }}` and `<b>`.",
        "```\n<div>{% raw %}</div>\n```",
    ):
        assert kept in body, kept
    for gone in ("not for readers", "include", "usa-link", "site.owner", "alert", "<div class", "p {}"):
        assert gone not in body, gone
    assert imported("three.md").body == "See [two](/knowledge/two/) and [one](/knowledge/one/)."
    shown = as_(alice).get(imported("one.md").get_absolute_url()).content.decode()
    assert "<script>alert" not in shown and "Send &lt;insert name&gt; the form" in shown


def test_what_was_withdrawn_here_is_not_published_again(as_: Any, alice: Any, tmp_path: Path) -> None:
    page(tmp_path, "one.md", title="One")
    run(tmp_path, alice)
    as_(alice).post(f"{imported('one.md').get_absolute_url()}withdraw/", {"reason": "Wrong"})
    page(tmp_path, "one.md", "Changed", title="One")
    assert "one.md: the article that it became was withdrawn" in run(tmp_path, alice)
    assert imported("one.md").is_withdrawn


def test_somebody_elses_import_is_not_overwritten_without_the_right(alice: Any, bob: Any, tmp_path: Path) -> None:
    page(tmp_path, "one.md", title="One")
    run(tmp_path, alice)
    page(tmp_path, "one.md", "Changed", title="One")
    assert f"one.md: {bob.email} may not edit the article" in run(tmp_path, bob)
    assert imported("one.md").body == "Some words."


@pytest.mark.parametrize(
    ("who", "where", "sentence"),
    [
        ("nobody@example.gov.example", "", "Nobody has the e-mail address nobody@example.gov.example"),
        ("sue.swan@example.gov.example", "", "sue.swan@example.gov.example is suspended"),
        ("alice.archer@example.gov.example", "missing", "There is no folder"),
    ],
)
def test_a_wrong_person_or_folder_is_one_sentence(
    alice: Any, tmp_path: Path, who: str, where: str, sentence: str
) -> None:
    factories.user("Sue Swan", is_active=False)
    page(tmp_path, "one.md", title="One")
    with pytest.raises(CommandError, match=sentence) as refused:
        run(tmp_path / where, who)
    assert refused.value.returncode == 1
    assert not Article.objects.exists()


def test_an_empty_folder_is_no_error(alice: Any, tmp_path: Path) -> None:
    assert "0 created, 0 updated, 0 unchanged, 0 skipped." in run(tmp_path, alice)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real guidance is not on this machine")
def test_the_real_guidance_becomes_articles(as_: Any, alice: Any, charlie: Any) -> None:
    report = run(REAL, alice)
    assert "246 created, 0 updated, 0 unchanged, 9 skipped." in report
    assert "LICENSE.md: it has no title" in report and "agile/_agile.md: it is not a page of its own" in report
    for article in Article.objects.all():
        assert "{% include" not in article.body and "| url }}" not in article.body, article.source_path
    assert "[prototype](/knowledge/prototyping/)" in imported("methods/validate/usability-testing.md").body
    assert as_(charlie).get("/knowledge/prototyping/").status_code == 200
    assert "246 unchanged, 9 skipped" in run(REAL, alice)
    assert Revision.objects.count() == 246
