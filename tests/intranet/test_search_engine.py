"""What every search engine does: finds, counts, filters, marks, suggests, and tells each reader only what is theirs."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.safestring import SafeString
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench.search_relevance import CRANFIELD, cranfield_documents, cranfield_judgements, measure
from bench.search_relevance import document as judged_document
from intranet.lib.search import engine, registry
from intranet.lib.search.protocol import ENOUGH, Document, Engine, Query, Removal
from intranet.lib.search.tantivy_engine import TantivyEngine
from intranet.lib.search.whoosh_engine import WhooshEngine
from profiles.models import User
from tests.cost import at_most
from tests.intranet.search_model import READER, Model, ask, document, every_engine, new_engine

WORDS = ["audit", "budget", "canal", "digital", "export", "fund"]
HIDDEN = frozenset([7])

# Few words, ids and audiences, so that most documents match, clash with and hide behind each other.
words = st.sampled_from(WORDS)
texts = st.lists(words, min_size=1, max_size=4).map(" ".join)
ids = st.integers(1, 12)
some = st.frozensets(st.integers(1, 3), min_size=1, max_size=2)
any_or_some = st.just(frozenset()) | some
kinds = st.sampled_from(["article", "post"])
documents = st.builds(
    document, ids, texts, texts, kind=kinds, summary=texts, audiences=some, departments=some, topics=some
)
corpora = st.lists(documents, min_size=12, max_size=30)
changes = st.lists(documents | st.builds(Removal, kinds, ids), max_size=12)
phrases = st.tuples(words, words).map(lambda pair: f' "{pair[0]} {pair[1]}"')
queries = st.builds(
    Query,
    st.tuples(texts, st.just("") | phrases, st.just("") | words.map(lambda word: f" -{word}")).map("".join),
    some,
    kinds=any_or_some.map(lambda chosen: frozenset(["post"]) if 1 in chosen else frozenset()),
    departments=any_or_some,
    topics=any_or_some,
    exclude=st.frozensets(st.tuples(kinds, ids), max_size=6),
)
# A failure is shown as found: making it smaller takes longer than a test may.
thorough = settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@every_engine
@thorough
@given(corpus=corpora, batches=st.lists(changes, max_size=3), asked=st.lists(queries, min_size=1, max_size=5))
def test_it_finds_and_counts_exactly_what_a_naive_search_of_everything_finds(
    engine_class: type[Engine],
    tmp_path_factory: pytest.TempPathFactory,
    corpus: list[Document],
    batches: list[list[Document | Removal]],
    asked: list[Query],
) -> None:
    engine, model = new_engine(engine_class, tmp_path_factory.mktemp("index")), Model()
    batches = [[*corpus], *batches]
    for number, batch in enumerate(batches, start=1):
        engine.apply(batch, number)
        model.apply(batch)
    assert engine.applied() == len(batches)
    assert engine.status()["documents"] == len(model.documents)
    for query in asked:
        results = engine.search(replace(query, limit=100))
        assert {(hit.kind, hit.id) for hit in results.hits} == model.found(query)
        assert results.total == len(results.hits) == len(model.found(query))
        assert results.facets == model.facets(query)
        pages = [engine.search(replace(query, offset=offset, limit=7)).hits for offset in range(0, 25, 7)]
        assert [hit for page in pages for hit in page] == results.hits


@every_engine
@thorough
@given(corpus=corpora, query=queries)
def test_results_are_the_same_as_if_nothing_else_existed(
    engine_class: type[Engine], tmp_path_factory: pytest.TempPathFactory, corpus: list[Document], query: Query
) -> None:
    model = Model()
    model.apply([*corpus])
    everything = new_engine(engine_class, tmp_path_factory.mktemp("all"), *model.documents.values())
    visible = new_engine(engine_class, tmp_path_factory.mktemp("visible"), *model.visible(query))
    misspelt = replace(query, text=query.text + " budgit")
    for each in (query, misspelt):
        assert everything.search(each) == visible.search(each)


@every_engine
@thorough
@given(text=st.text(max_size=60))
def test_no_text_is_too_strange_to_ask(engine_class: type[Engine], tmp_path: Path, text: str) -> None:
    engine = engine_class(tmp_path / "search")
    if not tmp_path.joinpath("search").exists():
        engine.rebuild([document(1, "Budget"), document(2, text or "Fund", text)], upto=0)
    assert engine.search(Query(text, READER)).total <= 2


@pytest.fixture
def library(tmp_path: Path) -> list[Document]:
    return [
        document(1, "How to answer an FOI request", "Freedom of information requests: twenty working days."),
        document(2, "AI in casework", "Ask the IT desk. It helps with artificial intelligence."),
        document(3, "Our HR policies", "The organisation of leave, and who to ask for information about freedom."),
        document(
            4, "Gŵyl y Bŵrdd: nodiadau câr", "Festival of the board. Contact Siân O'Brien, the Minister’s office."
        ),
        document(5, "Secret plan", "Operation nightingale", audiences=HIDDEN),
    ]


@every_engine
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("foi", [1]),
        ("FOI", [1]),
        ("ai", [2]),
        ("hr", [3]),
        ("IT", [2]),
        ("it", [2]),
        ("the it desk", [2]),
        ("policy", [3]),
        ("organizing", [3]),
        ("organisations", [3]),
        ("gwyl bwrdd", [4]),
        ("GŴYL", [4]),
        ("sian obrien", [4]),
        ("ministers", [4]),
        ('"freedom of information"', [1]),
        ('"information freedom"', []),
        ("information -freedom", []),
        ("freedom -organisation", [1]),
        ('freedom -"freedom of information"', [3]),
        ("organi*", [3]),
        ("festi* boar*", [4]),
        ("who", []),
        ("how", [1]),
        ("the of and", []),
        ("nightingale", []),
        ("secret", []),
        ("", []),
        ("   ", []),
        ("-freedom", []),
        ("*", []),
    ],
)
def test_it_finds_what_people_mean(
    engine_class: type[Engine], tmp_path: Path, library: list[Document], text: str, found: list[int]
) -> None:
    assert ask(new_engine(engine_class, tmp_path, *library), text) == found


@every_engine
def test_documents_with_every_word_come_first_and_others_only_where_those_are_few(
    engine_class: type[Engine], tmp_path: Path
) -> None:
    partial = document(99, "Budget budget budget")
    one = new_engine(
        engine_class, tmp_path, partial, document(1, "Notes", "a long way off, the budget and then a canal")
    )
    assert ask(one, "budget canal") == [1, 99]

    many = [document(number, f"Budget canal {number}") for number in range(ENOUGH)]
    one.rebuild([partial, *many], upto=0)
    assert 99 not in ask(one, "budget canal")
    assert one.search(Query("budget canal", READER)).total == ENOUGH


@every_engine
def test_titles_count_more_and_of_equals_the_later_comes_first(engine_class: type[Engine], tmp_path: Path) -> None:
    engine = new_engine(
        engine_class,
        tmp_path,
        document(1, "Canal", "boats"),
        document(2, "Canal", "boats"),
        document(3, "Boats", "canal"),
        document(4, "Canal", "boats", boost=2.0),
    )
    assert ask(engine, "canal") == [4, 2, 1, 3]


@every_engine
def test_a_facet_counts_what_choosing_it_would_give(engine_class: type[Engine], tmp_path: Path) -> None:
    engine = new_engine(
        engine_class,
        tmp_path,
        document(1, "Budget", departments=frozenset([10]), topics=frozenset([1, 2])),
        document(2, "Budget", departments=frozenset([20]), topics=frozenset([2])),
        document(3, "Budget", kind="post", departments=frozenset([20])),
        document(4, "Budget", kind="post", departments=frozenset([10]), audiences=HIDDEN),
    )
    results = engine.search(Query("budget", READER, departments=frozenset([20])))
    assert results.facets == {"kind": {"article": 1, "post": 1}, "department": {10: 1, 20: 2}, "topic": {2: 1}}
    for kind, count in results.facets["kind"].items():
        chosen = Query("budget", READER, departments=frozenset([20]), kinds=frozenset([str(kind)]))
        assert engine.search(chosen).total == count


@every_engine
def test_a_document_hidden_since_the_last_indexing_is_neither_shown_nor_counted(
    engine_class: type[Engine], tmp_path: Path
) -> None:
    engine = new_engine(engine_class, tmp_path, document(1, "Budget"), document(2, "Budget"))
    results = engine.search(Query("budget", READER, exclude=frozenset([("article", 2), ("post", 1)])))
    assert (results.total, [hit.id for hit in results.hits]) == (1, [1])
    assert results.facets["kind"] == {"article": 1}


@every_engine
def test_what_is_shown_is_escaped_and_marked(engine_class: type[Engine], tmp_path: Path) -> None:
    body = (
        "Filler words go here. " * 60
        + "Never trust <script>alert('budget & more')</script> in a budget. "
        + "More. " * 90
    )
    engine = new_engine(engine_class, tmp_path, document(1, "Budget <b>bold</b>", body))
    (hit,) = engine.search(Query("budget", READER)).hits
    assert hit.title_html == "<mark>Budget</mark> &lt;b&gt;bold&lt;/b&gt;"
    assert "&lt;script&gt;alert(&#x27;<mark>budget</mark> &amp; more&#x27;)&lt;/script&gt;" in hit.snippet
    assert isinstance(hit.snippet, SafeString) and isinstance(hit.title_html, SafeString)
    assert hit.snippet.startswith("…") and hit.snippet.endswith("…")
    assert "<" not in hit.snippet.replace("<mark>", "").replace("</mark>", "")
    assert 150 < len(hit.snippet) < 400


@every_engine
def test_the_summary_is_shown_where_the_body_says_nothing_of_it(engine_class: type[Engine], tmp_path: Path) -> None:
    found = document(1, "Rates", "Nothing of it.", summary="On the budget.")
    engine = new_engine(engine_class, tmp_path, found, document(2, "Budget", "How it begins."))
    by_id = {hit.id: hit.snippet for hit in engine.search(Query("budget", READER)).hits}
    assert by_id == {1: "On the <mark>budget</mark>.", 2: "How it begins."}


@every_engine
def test_it_suggests_only_words_the_reader_could_find(
    engine_class: type[Engine], tmp_path: Path, library: list[Document]
) -> None:
    engine = new_engine(engine_class, tmp_path, *library)
    assert engine.search(Query("freedm of informatoin", READER)).corrected == "freedom of information"
    assert engine.search(Query("nightingal", READER)).corrected is None
    assert engine.search(Query("nightingal", READER | HIDDEN)).corrected == "nightingale"
    assert engine.search(Query("freedom", READER)).corrected is None


@every_engine
@pytest.mark.parametrize(
    "text",
    [
        "budget " * 10_000,
        " ".join(f"word{number}" for number in range(10_000)),
        '"' * 5_000,
        '"' + "budget fund " * 5_000,
        "b* " * 5_000,
        "bu* au* di* ex* fu* ca* " * 50,
        "(a+)+$" * 2_000,
        "'" * 5_000 + "a'" * 5_000,
        "\u0300" * 5_000,
        "\x00\x01\x1f budget \ud800",
        "xqzwv" * 400,
        " ".join(f"misspeling{number}x" for number in range(500)),
        "-" * 5_000,
    ],
    ids=range(13),
)
def test_hostile_text_is_answered_soon(engine_class: type[Engine], tmp_path: Path, text: str) -> None:
    many = (document(number, f"Budget {number}", " ".join(WORDS) * (number % 5)) for number in range(300))
    engine = new_engine(engine_class, tmp_path, *many)
    harmless = "budget audit fund expenses canal bridge review plan"
    at_most(15, lambda: engine.search(Query(harmless, READER)), lambda: engine.search(Query(text, READER)))


@every_engine
@pytest.mark.parametrize("page", [{"offset": 10**9}, {"limit": 0}, {"offset": -5, "limit": -1}])
def test_a_page_that_is_not_there_is_empty(engine_class: type[Engine], tmp_path: Path, page: dict[str, int]) -> None:
    engine = new_engine(engine_class, tmp_path, document(1, "Budget"))
    results = engine.search(Query("budget", READER, **page))
    assert (results.total, results.hits) == (1, [])


ADVICE = {
    1: ("Writing a submission to a minister", "State the decision needed, the timing and your recommendation first."),
    2: ("Answering freedom of information requests", "You have twenty working days. Consider exemptions with care."),
    3: ("Sharing data between departments", "Agree a purpose, a lawful basis and a data protection assessment."),
    4: ("Running a discovery", "Learn about users and their problem before you build a service."),
    5: ("Welcoming a new starter", "Order the laptop and the building pass before their first day."),
    6: ("Claiming travel expenses", "Keep receipts. Claims after three months need your manager."),
    7: ("Planning leave", "Ask your manager early; record leave in the HR system."),
    8: ("Drafting parliamentary answers", "Answers are accurate, short and cleared by a minister's office."),
}
ADVICE_JUDGED = {
    "how do I brief a minister": {1: 4, 8: 2},
    "foi deadline working days": {2: 4},
    "data sharing agreement": {3: 4},
    "onboarding a starter laptop": {5: 4},
    "expense claim receipts": {6: 4},
    "user research discovery": {4: 4},
    "annual leave manager": {7: 4, 6: 1},
}
COLLECTIONS = {"advice": 0.9} | ({"cranfield": 0.5} if CRANFIELD.exists() else {})


@every_engine
@pytest.mark.parametrize("name", COLLECTIONS)
def test_it_puts_what_experts_judged_relevant_first(engine_class: type[Engine], tmp_path: Path, name: str) -> None:
    if name == "cranfield":
        collection, judged = cranfield_documents(CRANFIELD), cranfield_judgements(CRANFIELD)
    else:
        collection = (judged_document(id_, *texts) for id_, texts in ADVICE.items())
        judged = ADVICE_JUDGED
    measured = measure(new_engine(engine_class, tmp_path, *collection), judged)
    assert measured["ndcg@10"] >= COLLECTIONS[name], measured


def test_the_settings_choose_the_engine_once_for_a_process(settings, tmp_path: Path) -> None:
    settings.SEARCH_ENGINE, settings.SEARCH_DIR = "whoosh", tmp_path
    assert isinstance(engine(), WhooshEngine)
    assert engine() is engine()
    settings.SEARCH_ENGINE = "tantivy"
    assert isinstance(engine(), TantivyEngine)
    settings.SEARCH_ENGINE = "oracle"
    with pytest.raises(ImproperlyConfigured, match="'oracle'; it can be tantivy or whoosh"):
        engine()


def test_a_kind_has_one_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_by_kind", {})
    stored = [document(1, "Budget")]
    searchable = registry.Searchable(
        "article", lambda ids: iter(stored), User.objects.visible_to, {}, lambda row: registry.Line("/", "Article")
    )
    registry.register(searchable)
    registry.register(searchable)
    assert list(registry.registered()) == ["article"]
    assert list(registry.all_documents()) == stored
    with pytest.raises(ValueError, match="'article' is registered"):
        registry.register(replace(searchable, shown={"another": "pk"}))
