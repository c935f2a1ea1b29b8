"""Markdown: readable and safe whatever was typed, and quick whatever was meant by it."""

import random
import re
import time
from functools import partial
from html.parser import HTMLParser

import pytest
from django.utils.safestring import SafeString
from hypothesis import given, settings
from hypothesis import strategies as st

from intranet.lib.markdown import MAX_SOURCE, TextTooLong, excerpt, plain, render
from tests.cost import at_most, prose

ALLOWED = {
    "a": {"href", "title", "rel"},
    "img": {"src", "alt", "title", "loading"},
    "ol": {"start"},
    "pre": {"tabindex"},
    "table": {"tabindex"},
    "th": {"class"},
    "td": {"class"},
    **{f"h{level}": {"id"} for level in range(2, 7)},
    **dict.fromkeys(("p", "br", "hr", "blockquote", "ul", "li", "code"), frozenset()),
    **dict.fromkeys(("strong", "em", "s", "thead", "tbody", "tr"), frozenset()),
}


class Inspector(HTMLParser):
    """Collects the tags of a piece of HTML and fails on any that no reader should meet."""

    def __init__(self):
        super().__init__()
        self.ids, self.links, self.pictures, self.rels = [], [], [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        assert tag in ALLOWED, tag
        assert set(attributes) <= ALLOWED[tag], attributes
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if "href" in attributes:
            self.links.append(attributes["href"])
            self.rels.append(attributes.get("rel"))
        if "src" in attributes:
            self.pictures.append(attributes["src"])


def inspect(html):
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    assert len(inspector.ids) == len(set(inspector.ids))
    for link in inspector.links:
        assert re.match(r"https?://|mailto:|/(?!/)|#", link, re.IGNORECASE), link
    for picture in inspector.pictures:
        assert picture.startswith("/media/")
        assert ".." not in picture
    return inspector


def test_common_markdown_is_rendered():
    html = render("Some **strong**, *soft* and ~~old~~ `code`.\n\n- one\n- two\n\n3. three\n\n> said\n\n---\n")
    for piece in (
        "<strong>strong</strong>",
        "<em>soft</em>",
        "<s>old</s>",
        "<code>code</code>",
        "<li>one</li>",
        '<ol start="3">',
        "<blockquote>",
        "<hr>",
    ):
        assert piece in html
    assert isinstance(html, SafeString)


def test_tables_are_rendered_with_their_alignment_and_can_be_scrolled_by_keyboard():
    html = render("|a|b|c|\n|:-|-:|:-:|\n|1|2|3|")
    assert '<table tabindex="0">' in html
    assert "<td>1</td>" in html
    assert '<td class="ck-cell--right">2</td>' in html
    assert '<th class="ck-cell--centre">c</th>' in html
    assert "style" not in html


def test_line_ends_are_kept_where_the_caller_wants_them():
    assert render("a\nb") == "<p>a\nb</p>\n"
    assert render("a\nb", breaks=True) == "<p>a<br>\nb</p>\n"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<div>\nhi\n</div>",
        "<!-- x --><style>*{}</style>",
        "a <b onclick=x>b</b>",
        "<svg/onload=alert(1)>",
        "```<script>\n<script>\n```",
        "    <script>",
        "# <script>",
        "|<script>|\n|-|\n|<script>|",
        "[<script>](/x '<script>')",
        '![" onerror="alert(1)](/media/x.png)',
        '[x](/y "\\" onmouseover=\\"alert(1)")',
    ],
)
def test_raw_html_is_text_like_any_other(text):
    html = render(text)
    inspect(html)
    assert "<script" not in html
    assert "<div" not in html


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "&#106;avascript:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://files.example",
        "//elsewhere.example",
        "/\\elsewhere.example/x)[y](//x",
        "http:elsewhere",
        "https:///x",
        "../settings",
        "page",
        "mailto:",
    ],
)
def test_a_link_that_leads_nowhere_good_is_only_its_words(address):
    html = render(f"[the words](<{address}>)")
    inspect(html)
    assert "the words" in html
    assert f'href="{address}' not in html


@pytest.mark.parametrize(
    "address", ["/knowledge/", "/", "#costs", "/search/?q=a&b=c", "mailto:ann@example.gov.example"]
)
def test_links_on_the_site_and_to_mail_stay(address):
    inspected = inspect(render(f"[words]({address})"))
    assert inspected.links == [address]
    assert inspected.rels == [None]


@pytest.mark.parametrize(
    "text",
    ["[x](https://a.example/b)", "<https://a.example/b>", "https://a.example/b", "[x][1]\n\n[1]: https://a.example/b"],
)
def test_links_to_elsewhere_say_nothing_of_where_they_came_from(text):
    inspected = inspect(render(text))
    assert inspected.links == ["https://a.example/b"]
    assert inspected.rels == ["noopener noreferrer"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("See https://a.example/b_c_d?e=f&g=h.", "https://a.example/b_c_d?e=f&g=h"),
        ("(https://a.example/)", "https://a.example/"),
        ("https://a.example/Act_(2010), then", "https://a.example/Act_(2010)"),
        ("**https://a.example**", "https://a.example"),
        ('"http://a.example/x"!', "http://a.example/x"),
        ("Write to ann.b@example.gov.example.", "mailto:ann.b@example.gov.example"),
    ],
)
def test_bare_addresses_become_links_without_the_signs_around_them(text, address):
    assert inspect(render(text)).links == [address]


@pytest.mark.parametrize(
    "text", ["xhttp://a.example", "http://", "a@b", "`https://a.example`", "report.final.doc", "@ann"]
)
def test_what_is_no_address_stays_text(text):
    assert inspect(render(text)).links == []


def test_our_own_pictures_are_shown_and_others_become_links():
    html = render(
        "![A chart](/media/a/chart-1.webp 'Title') ![Their logo](https://a.example/logo.png) ![x](javascript:y)"
    )
    inspected = inspect(html)
    assert inspected.pictures == ["/media/a/chart-1.webp"]
    assert 'alt="A chart"' in html
    assert inspected.links == ["https://a.example/logo.png"]
    assert "Their logo</a>" in html


@pytest.mark.parametrize(
    "address",
    [
        "/media/../admin/",
        "/media/%2e%2e/admin/",
        "/media/./x",
        "/mediax/y.png",
        "//media/x.png",
        "/media/x.png?y",
        "/sign-out/",
    ],
)
def test_only_plain_media_addresses_are_pictures(address):
    assert inspect(render(f"![x]({address})")).pictures == []


def test_a_picture_inside_a_link_does_not_nest_links():
    html = render("[![logo](https://a.example/logo.png) more](/page/)")
    assert inspect(html).links == ["/page/"]


def test_headings_start_at_the_second_level_and_have_unique_anchors():
    html = render("# Costs\n\n## Costs\n\n# Costs 2\n\n# Costs\n\n###### Ŵyl & <b>\n\n# \n")
    assert re.findall(r"<h(\d) id=\"([^\"]+)\">", html) == [
        ("2", "section-costs"),
        ("3", "section-costs-2"),
        ("2", "section-costs-2-2"),
        ("2", "section-costs-3"),
        ("6", "section-wyl-b"),
    ]
    assert 'id="post-9-costs"' in render("# Costs", prefix="post-9")


def test_long_headings_that_read_the_same_have_different_anchors():
    inspected = inspect(render(f"# {'long ' * 60}\n" * 30))
    assert len(inspected.ids) == 30


def test_task_lists_stay_text():
    assert "<li>[x] done</li>" in render("- [x] done")


def test_plain_gives_the_words_alone():
    text = (
        "# Title\n\nSome **strong** [link](https://a.example) and `code`.\nNext line\n\n- item\n\n"
        "|a|b|\n|-|-|\n|1|2|\n\n![chart](/media/x.png)"
    )
    assert plain(text) == "Title\nSome strong link and code. Next line\nitem\na b\n1 2\nchart"
    assert plain("<b>bold</b> &amp; \\*") == "<b>bold</b> & *"


def test_an_excerpt_ends_between_words():
    assert excerpt("# Title\n\nHello **big** world of words", 20) == "Title Hello big…"
    assert excerpt("short") == "short"
    assert excerpt("x" * 300, 20) == "x" * 19 + "…"
    assert len(excerpt("one, two, three. " * 100, 50)) <= 50


def test_a_text_that_is_too_long_is_a_sentence():
    with pytest.raises(TextTooLong, match=r"200,000 characters.*Nothing was lost"):
        render("x" * (MAX_SOURCE + 1))
    assert render("x" * MAX_SOURCE)


def test_what_is_too_dense_is_shown_as_it_was_typed():
    assert render("> " * 50 + "<b>\n\nsecond") == "<p>" + "&gt; " * 50 + "&lt;b&gt;</p>\n<p>second</p>\n"
    assert plain("> " * 50 + "deep").endswith("deep")


PIECES = [
    *"[]()!*_~`<>\\&#@:|-=+.'\" \n\t\0é😀a1",
    *("**", "***", "~~", "``", "```", "&amp;", "&#x41;", "http://", "https://a.b/", "a@b.cc"),
    *("](", "](/b)", "![", "[a]: /x", "- ", "1. ", "> ", "# ", "|-|", "---", "    ", "\n\n", "\r\n"),
    *("javascript:", "<script>", "onerror=", "/media/x.png", "\ud800"),
]
typed = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


@settings(max_examples=400, deadline=None)
@given(typed | st.text())
def test_nothing_that_can_be_typed_is_unsafe_or_an_error(text):
    inspect(render(text))
    inspect(render(text, breaks=True))
    plain(text)
    assert len(excerpt(text, 40)) <= 40


def repeated(piece, length=MAX_SOURCE):
    return (piece * (length // len(piece) + 1))[:length]


HOSTILE = {
    **{
        repr(piece): repeated(piece)
        for piece in (
            *("[", "]", "*", "`", "![](", "[a](", "[a](b 'c", "[a](\\(", "*_~`[", "*a **a ", "*a_ ", "a**b"),
            *("> ", "- > ", "# a\n", "a\n", "- a\n\n", "> a\n", "a|b\n-|-\n", "|a", "[a]: b\n", "[a\n", "[a][b]"),
            *("<http://", "http://a", "://", "a@b.cc ", "&", "\0", "[![a](b)](c)", "](<.\n>~~~ ](<"),
        )
    },
    "brackets": "[" * 100_000 + "]" * 100_000,
    "links": repeated("[", 50_000) + repeated("](a)", 150_000),
    "nested emphasis": repeated("*a **b ", 100_000) + repeated("b** a* ", 100_000),
    "odd tildes": repeated("~~~a ", 100_000) + repeated("a~~~ ", 100_000),
    "backtick runs": "".join("e" + "`" * i for i in range(1, 600)),
    "deep quotes": "\n".join("> " * 19 + "a" for _ in range(5_000)),
    "lazy quotes": "> " * 19 + "a\n" + "a\n" * 9_000,
    "quotes that end early": "> ~~~\na\n" * 2_000 + "> b\n" * 5_000,
    "deep lists": "".join("  " * i + "- a\n" for i in range(400)),
    "wide table": "|" + "a|" * 30_000 + "\n|" + "-|" * 30_000 + "\n|" + "a|" * 20_000,
    "table of nothing": ("|" + "a|" * 250 + "\n|" + "-|" * 250 + "\n" + "|\n" * 250 + "\n") * 30,
    "references": "".join(f"[{i}]: /x\n" for i in range(9_000)) + "".join(f"[{i}] " for i in range(12_000)),
    "a long reference used often": "[a]: /" + "u" * 2_000 + "\n\n" + "[a]" * 20_000,
    "a reference of one huge address": "[a]: /" + "u" * 100_000 + "\n\n" + "[a]" * 20_000,
    "a foreign host": "[a](http://" + "é" * 150_000 + ")",
    "one long address": "http://a.b/" + "(" * 150_000,
    "one long word": "a" * MAX_SOURCE,
    "almost an address": "a." * 100_000 + "@",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_costs_little_time(name):
    # The shorter text is there because what is refused as too dense is not the dearest.
    for length in (MAX_SOURCE, 60_000):
        # Three times the dearest of them; what is not bounded takes hundreds of times as much.
        html = at_most(50, partial(render, prose(length)), partial(render, HOSTILE[name][:length]))
        assert len(html) < 3_000_000
    inspect(html[:100_000])


def test_a_mebibyte_is_refused_at_once():
    def refused(text):
        with pytest.raises(TextTooLong):
            render(text)

    for piece in ("[[[[", "****", "> > ", "`"):
        # Not even read: what is read costs many times this
        at_most(0.01, partial(render, prose(MAX_SOURCE)), partial(refused, piece * (1024 * 1024 // len(piece))))


def test_random_mixtures_cost_little_time():
    """A search for what the list above forgot: another corner on every day, the same all day."""
    chance = random.Random(time.strftime("%Y-%m-%d"))
    for _ in range(5):
        piece = "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 6)))
        other = "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 6)))
        text = repeated(piece, 60_000) + repeated(other, 60_000)
        at_most(50, partial(render, prose(len(text))), partial(render, text))
