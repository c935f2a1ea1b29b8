"""One view, two readers: htmx gets a fragment, a browser gets the page."""

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from intranet.lib.htmx import fragment_or_page, redirect

urlpatterns = [
    path("list/", lambda request: fragment_or_page(
        request, fragment="_list.html", page="list.html", context={"name": "<Ann>"}, status=200
    )),
    path("wrong/", csrf_exempt(lambda request: fragment_or_page(
        request, fragment="_list.html", page="list.html", context={"name": "x"}, status=422
    ))),
    path("save/", csrf_exempt(lambda request: redirect(request, "/list/"))),
    path("", lambda request: HttpResponse("home")),
]  # fmt: skip

pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def client(settings):
    settings.MIDDLEWARE = []
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {
                            "_list.html": "<p>{{ name }}</p>",
                            "list.html": "<main>{% include '_list.html' %}</main>",
                        },
                    )
                ]
            },
        }
    ]
    return Client()


def test_a_browser_gets_the_page_and_htmx_the_fragment_in_it(client):
    page = client.get("/list/")
    fragment = client.get("/list/", headers={"HX-Request": "true"})
    assert page.content == b"<main><p>&lt;Ann&gt;</p></main>"
    assert fragment.content == b"<p>&lt;Ann&gt;</p>"
    for response in (page, fragment):
        assert "HX-Request" in response.headers["Vary"]


@pytest.mark.parametrize(
    "headers",
    [{"HX-Boosted": "true"}, {"HX-History-Restore-Request": "true"}, {"HX-Request-Type": "full"}],
)
def test_htmx_gets_the_page_where_it_replaces_the_whole_of_it(client, headers):
    response = client.get("/list/", headers={"HX-Request": "true"} | headers)
    assert response.content.startswith(b"<main>")


def test_a_refused_form_keeps_its_status(client):
    assert client.post("/wrong/").status_code == 422
    assert client.post("/wrong/", headers={"HX-Request": "true"}).status_code == 422


def test_after_a_form_both_go_on_to_the_next_page(client):
    browser = client.post("/save/")
    assert (browser.status_code, browser.headers["Location"]) == (303, "/list/")
    htmx = client.post("/save/", headers={"HX-Request": "true"})
    assert (htmx.status_code, htmx.headers["HX-Redirect"]) == (200, "/list/")
