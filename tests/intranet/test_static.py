"""Static files: hashed names once collected, plain ones until then, security headers on both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.template.loader import render_to_string
from django.test import Client

PAGE = "/accessibility/"
ADDRESS = re.compile(r"""(?:href|src)="(/static/[^"]+)\"""")
MODULE = re.compile(r'<script type="module" src="([^"]+)"')


@pytest.fixture
def collected(settings: Any, tmp_path: Path) -> Path:
    settings.STATIC_ROOT = tmp_path / "collected"
    # The admin's files, which only take long to compress, stay behind
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS = [settings.BASE_DIR / "build" / "static", settings.BASE_DIR / "intranet" / "static"]
    # What the finders find is out of reach: only what was collected can answer
    settings.WHITENOISE_USE_FINDERS = False
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path / "collected"


def fetched(client: Client, address: str) -> tuple[str, Mapping[str, str]]:
    """The text at an address and its headers."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    answer.close()
    return text, answer.headers


@pytest.mark.django_db
def test_collected_files_go_by_hashed_names_and_every_page_asks_for_those(collected: Path) -> None:
    client = Client()
    addresses = ADDRESS.findall(client.get(PAGE).content.decode())
    assert len(addresses) >= 5
    for address in addresses:
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", address), address
        text, headers = fetched(client, address)
        assert text and "immutable" in headers["Cache-Control"]


@pytest.mark.django_db
def test_modules_are_whole_so_that_none_waits_for_another(collected: Path) -> None:
    client = Client()
    modules = MODULE.findall(client.get(PAGE).content.decode())
    assert len(modules) >= 2
    for address in modules:
        assert not re.search(r"""\bimport\s*["'{*]|\bfrom\s*["']""", fetched(client, address)[0]), address


@pytest.mark.django_db
def test_the_script_of_the_toolbar_goes_by_its_hashed_name(collected: Path) -> None:
    toolbar = render_to_string("components/toolbar.html", {"for": "body"})
    (address,) = re.findall(r'data-script="([^"]+)"', toolbar)
    assert re.fullmatch(r"/static/js/toolbar\.[0-9a-f]{12}\.js", address)
    assert fetched(Client(), address)[0]


@pytest.mark.django_db
@pytest.mark.filterwarnings("error")
def test_where_nothing_was_collected_pages_and_files_are_served_all_the_same(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path / "nothing here"
    client = Client()
    addresses = ADDRESS.findall(client.get(PAGE).content.decode())
    assert "/static/js/app.js" in addresses
    for address in addresses:
        text, headers = fetched(client, address)
        assert text and "immutable" not in headers["Cache-Control"]
    assert client.get("/static/js/nothing.js").status_code == 404


@pytest.mark.django_db
def test_static_files_carry_the_security_headers(settings: Any) -> None:
    _, headers = fetched(Client(), "/static/js/app.js")
    for name in ("X-Content-Type-Options", "Cross-Origin-Resource-Policy", "Content-Security-Policy"):
        assert name in headers, name
