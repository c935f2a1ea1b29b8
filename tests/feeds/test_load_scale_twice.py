"""The same seed gives the same service, another one another."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from feeds.scale.load import load
from tests.feeds.demonstration import snapshot
from tests.feeds.test_load_scale import plan

SMALL = {"people": 60, "posts": 120, "articles": 20, "follows": 200}


def loaded(seed: int) -> dict[str, list[tuple[Any, ...]]]:
    with transaction.atomic():
        load(plan(**SMALL, seed=seed))
        seen = snapshot()
        transaction.set_rollback(True)
    return seen


@pytest.mark.django_db
def test_the_same_seed_gives_the_same_rows() -> None:
    first, second, other = loaded(5), loaded(5), loaded(6)
    assert len(first["Post"]) == SMALL["posts"]
    for kind, rows in first.items():
        assert rows == second[kind], kind
    assert first["Post"] != other["Post"] and first["Follow"] != other["Follow"]
