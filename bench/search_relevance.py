"""How good the ranking of each search engine is: nDCG@10 and recall@100 over a judged collection.

    python -m bench.search_relevance [FOLDER] [--out FILE]

FOLDER holds the Cranfield collection: 1,400 abstracts, 225 questions and judgements (Cleverdon, 1967), in the files
cran.all.1400, cran.qry and cranqrel. Without it nothing is measured, which is said.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from math import log2
from pathlib import Path

from django.utils.module_loading import import_string

from bench.measure import ROOT, Report, arguments, progress
from intranet.lib.search import ENGINES
from intranet.lib.search.protocol import Document, Engine, Query

CRANFIELD = ROOT.parent / "shared" / "data" / "cranfield"
EVERYONE = frozenset([1])
AT = datetime(2026, 1, 1, tzinfo=UTC)

# question -> document id -> how relevant, from 1 (of some interest) to 4 (a complete answer)
Judgements = dict[str, dict[int, int]]


def cranfield_documents(folder: Path) -> Iterator[Document]:
    """The abstracts. Raises OSError."""
    for number, parts in _records(folder / "cran.all.1400"):
        title, body = parts.get("T", ""), parts.get("W", "")
        # Each abstract begins with its title once more.
        yield document(number, title, body.removeprefix(title))


def cranfield_judgements(folder: Path) -> Judgements:
    """The questions and what answers them. Raises OSError.

    The judgements number the questions by their order in the file, not by their ids. Their codes run from 1
    (a complete answer) to 4 (minimum interest); the few -1 are complete answers as well, 5 is of no interest.
    """
    questions = [parts["W"] for _, parts in _records(folder / "cran.qry")]
    judged: Judgements = {question: {} for question in questions}
    for line in (folder / "cranqrel").read_text().splitlines():
        number, id_, code = map(int, line.split())
        if code < 5:
            judged[questions[number - 1]][id_] = 4 if code < 1 else 5 - code
    return judged


def document(number: int, title: str, body: str) -> Document:
    """A document everyone may see."""
    return Document("abstract", number, title, body, AT, audiences=EVERYONE)


def measure(engine: Engine, judged: Judgements) -> dict[str, float]:
    """Mean nDCG@10 (gains as judged, discount by log2 of the rank: Järvelin and Kekäläinen, 2002) and recall@100."""
    gains, recalls = [], []
    for question, relevant in judged.items():
        hits = engine.search(Query(question, EVERYONE, limit=100)).hits
        found = [relevant.get(hit.id, 0) for hit in hits]
        gains.append(_discounted(found[:10]) / _discounted(sorted(relevant.values(), reverse=True)[:10]))
        recalls.append(sum(map(bool, found)) / len(relevant))
    return {
        "questions": len(judged),
        "ndcg@10": round(sum(gains) / len(gains), 4),
        "recall@100": round(sum(recalls) / len(recalls), 4),
    }


def _discounted(gains: Iterable[int]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _records(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    for record in re.split(r"^\.I ", path.read_text(), flags=re.MULTILINE)[1:]:
        number, *parts = re.split(r"^\.([A-Z])\n", record, flags=re.MULTILINE)
        texts = dict(zip(parts[::2], (" ".join(text.split()) for text in parts[1::2]), strict=True))
        yield int(number), texts


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=CRANFIELD, help=f"{CRANFIELD} without")
    options = parser.parse_args()
    try:
        documents = list(cranfield_documents(options.folder))
        judged = cranfield_judgements(options.folder)
    except OSError as error:
        progress(
            f"Relevance is not measured: {error}. python -m bench.search_relevance FOLDER says where Cranfield is."
        )
        return
    report = Report("search_relevance", options.out, seed=options.seed)
    for name, path in ENGINES.items():
        with tempfile.TemporaryDirectory() as directory:
            engine = import_string(path)(Path(directory))
            engine.rebuild(documents, upto=0)
            report.add("cranfield", engine=name, **measure(engine, judged))


if __name__ == "__main__":
    main()
