"""What the middleware adds to every answer: headers, one 404 page, the 429 page; sync and async alike."""

import io

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, HttpResponseNotFound, JsonResponse
from django.test import AsyncClient, Client
from django.urls import path

from intranet.lib.limits import TooManyRequests
from intranet.lib.middleware import not_found


def hidden(request):
    raise Http404("Article 7 is for another department")


def forbidden(request):
    raise PermissionDenied


def broken(request):
    raise RuntimeError


def too_many(request):
    raise TooManyRequests(retry_after=int(request.GET["wait"]))


def cached(request):
    return HttpResponse("file", headers={"Cache-Control": "max-age=60"})


urlpatterns = [
    path("", lambda request: HttpResponse("home")),
    path("hidden/", hidden),
    path("own-words/", lambda request: HttpResponseNotFound("No article 7", headers={"X-Reason": "hidden"})),
    path("file/", lambda request: FileResponse(io.BytesIO(b"gone"), status=404, content_type="text/html")),
    path("ours/", not_found),
    path("json/", lambda request: JsonResponse({"found": False}, status=404)),
    path("forbidden/", forbidden),
    path("broken/", broken),
    path("busy/", too_many),
    path("cached/", cached),
]

pytestmark = pytest.mark.urls(__name__)

TEMPLATES = {
    "404.html": "<h1>Page not found</h1>",
    "429.html": "{% if not is_fragment %}<h1>Wait</h1>{% endif %}Try again in {{ wait }} ({{ retry_after }})",
}


class AsyncPages:
    """The asynchronous client, called like the other."""

    def __init__(self):
        self.client = AsyncClient(raise_request_exception=False)

    def get(self, *args, **kwargs):
        return async_to_sync(self.client.get)(*args, **kwargs)


@pytest.fixture(params=[Client, AsyncPages])
def client(request, settings):
    settings.MIDDLEWARE = [
        "intranet.lib.middleware.SecurityHeadersMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "intranet.lib.middleware.TooManyRequestsMiddleware",
        "intranet.lib.middleware.PlainNotFoundMiddleware",
    ]
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", TEMPLATES)]},
        }
    ]
    return Client(raise_request_exception=False) if request.param is Client else AsyncPages()


@pytest.mark.parametrize("debug", [True, False])
def test_absent_hidden_and_worded_404s_are_the_same_bytes(client, settings, debug):
    settings.DEBUG = debug
    answers = [client.get(address) for address in ("/absent/", "/hidden/", "/own-words/", "/file/", "/ours/")]
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, b"<h1>Page not found</h1>")}
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1


def test_other_answers_keep_their_content(client):
    assert client.get("/").content == b"home"
    assert client.get("/json/").json() == {"found": False}
    assert client.get("/forbidden/").status_code == 403


@pytest.mark.parametrize("address", ["/", "/absent/", "/forbidden/", "/broken/", "/busy/?wait=1", "/json/"])
def test_every_answer_carries_the_security_headers(client, address):
    headers = client.get(address).headers
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["X-Frame-Options"] == "DENY"


def test_a_view_may_say_how_long_its_answer_keeps(client):
    assert client.get("/cached/").headers["Cache-Control"] == "max-age=60"


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "1 second"), (90, "90 seconds"), (120, "2 minutes"), (121, "3 minutes")]
)
def test_too_many_requests_says_when_to_try_again(client, seconds, words):
    response = client.get(f"/busy/?wait={seconds}")
    assert response.status_code == 429
    assert response.headers["Retry-After"] == str(seconds)
    assert response.content.decode() == f"<h1>Wait</h1>Try again in {words} ({seconds})"


def test_htmx_gets_the_message_without_a_page_around_it(client):
    response = client.get("/busy/?wait=5", headers={"HX-Request": "true"})
    assert response.status_code == 429
    assert response.content == b"Try again in 5 seconds (5)"
