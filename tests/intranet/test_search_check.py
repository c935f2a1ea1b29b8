"""`manage.py check` says when the search engine is too small for what it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from intranet.lib.search import checks, engine
from tests.intranet.search_model import document


@pytest.fixture(params=["whoosh", "tantivy"])
def searched(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> str:
    settings.SEARCH_ENGINE, settings.SEARCH_DIR = request.param, tmp_path
    return str(request.param)


def told() -> list[str]:
    return [f"{message.msg} {message.hint}" for message in run_checks() if message.id == "intranet.W001"]


def test_it_warns_of_an_index_that_whoosh_is_too_slow_for(searched: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MOST_FOR_WHOOSH", 3)
    engine().rebuild([document(number, "Budget") for number in range(3)], upto=0)
    assert told() == []
    engine().rebuild([document(number, "Budget") for number in range(4)], upto=0)
    if searched == "tantivy":
        assert told() == []
        return
    (warning,) = told()
    assert "holds 4 documents" in warning and "3 at most" in warning and "SEARCH_ENGINE=tantivy" in warning
    with pytest.raises(SystemCheckError, match=r"intranet\.W001"):
        call_command("check", fail_level="WARNING")


def test_it_says_nothing_of_an_index_that_is_not_there_and_asks_no_database(searched: str) -> None:
    # No mark of this test allows one
    assert told() == []
