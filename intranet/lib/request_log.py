"""What a request leaves behind for whoever runs the service: an id in every log line, one access line, its measures.

The id comes from the proxy's X-Request-Id or is made here, and is given back in the answer. An access line names the
route, never the address: what somebody searched for, and whose page it was, is not written down.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from pythonjsonlogger.json import JsonFormatter

from intranet.lib.metrics import count_request

HEADER = "X-Request-Id"
WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{8,64}")
METHODS = {"GET", "HEAD", "POST"}
# Of what a log record carries, all that a line says: Django adds the request itself, with its address
FIELDS = ("time", "level", "logger", "message", "request_id", "exc_info")

access = logging.getLogger("access")
_request_id: ContextVar[str] = ContextVar("request_id", default="-")


def request_id() -> str:
    """The id of the request being answered; "-" where there is none."""
    return _request_id.get()


def _accepted(given: str | None) -> str:
    """The id that came with a request where it is well formed, a new one otherwise."""
    return given if given and WELL_FORMED.fullmatch(given) else secrets.token_hex(16)


@sync_and_async_middleware
def observed(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware, the outermost: id, access line and measures of each request."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            given, start = _accepted(request.headers.get(HEADER)), time.perf_counter()
            token = _request_id.set(given)
            try:
                return _noted(request, await get_response(request), start)
            finally:
                _request_id.reset(token)

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        given, start = _accepted(request.headers.get(HEADER)), time.perf_counter()
        token = _request_id.set(given)
        try:
            return _noted(request, get_response(request), start)
        finally:
            _request_id.reset(token)

    return answer


def _noted(request: HttpRequest, response: HttpResponseBase, start: float) -> HttpResponseBase:
    seconds = time.perf_counter() - start
    response.headers[HEADER] = request.request_id = _request_id.get()  # type: ignore[attr-defined]
    match = request.resolver_match
    route = (match.view_name or match.route) if match else "none"
    # Asking for request.user would ask the database where the page itself did not
    user_id = getattr(getattr(request, "_cached_user", None), "pk", None)
    method = request.method if request.method in METHODS else "OTHER"
    count_request(method=str(method), route=route, status=response.status_code, seconds=seconds)
    if access.isEnabledFor(logging.INFO):
        ms = round(seconds * 1000, 1)
        facts = {"method": method, "route": route, "status": response.status_code, "ms": ms, "user_id": user_id}
        access.info("%s %s %s %s ms user %s", *facts.values(), extra={"facts": facts})
    return response


Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Any, Any, Send], Awaitable[None]]


def observed_sockets(application: Application) -> Application:
    """The ASGI application of the sockets, with an id for each connection and one line when it has ended."""

    async def connection(scope: Any, receive: Any, send: Send) -> None:
        headers = dict(scope["headers"])
        given = _accepted(headers.get(HEADER.lower().encode(), b"").decode("latin-1"))
        token, start = _request_id.set(given), time.perf_counter()

        async def send_with_id(message: Any) -> None:
            if message["type"] == "websocket.accept":
                own = (HEADER.lower().encode(), given.encode())
                message = {**message, "headers": [*message.get("headers", ()), own]}
            await send(message)

        try:
            await application(scope, receive, send_with_id)
        finally:
            access.info("socket ended after %.1f s", time.perf_counter() - start)
            _request_id.reset(token)

    return connection


class RequestIdFilter(logging.Filter):
    """Gives every record the id of the request in which it was written."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Django tells of an answer that was refused after the middleware is through with it
        about = getattr(getattr(record, "request", None), "request_id", None)
        record.request_id = about or _request_id.get()
        return True


class JsonLines(JsonFormatter):
    """One JSON object per line, of the FIELDS and nothing else."""

    def __init__(self) -> None:
        renamed = {"asctime": "time", "levelname": "level", "name": "logger"}
        super().__init__(["asctime", "levelname", "name", "message"], rename_fields=renamed)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """UTC, ISO 8601 with milliseconds."""
        return f"{_second(int(record.created))}.{int(record.msecs):03d}Z"

    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, "facts", None)
        if facts is None:
            return super().format(record)
        # The line of every request, at a tenth of the cost
        line = {"time": self.formatTime(record), "level": record.levelname, "logger": record.name}
        return _encode({**line, "request_id": getattr(record, "request_id", "-"), **facts})

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return {field: log_data[field] for field in FIELDS if log_data.get(field) is not None}


_encode = json.JSONEncoder(ensure_ascii=False).encode


@lru_cache(maxsize=2)
def _second(since_1970: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since_1970))
