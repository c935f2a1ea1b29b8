"""Says how many queries a request made, when the request asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse

ASK, ANSWER = "HTTP_X_BENCH_COUNT", "X-Bench-Queries"


class QueryCountMiddleware:
    """Nothing at all for requests that do not ask."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if ASK not in request.META:
            return self.get_response(request)
        count = 0

        def counted(execute: Any, *arguments: Any) -> Any:
            nonlocal count
            count += 1
            return execute(*arguments)

        with connection.execute_wrapper(counted):
            answer = self.get_response(request)
        answer.headers[ANSWER] = str(count)
        return answer
