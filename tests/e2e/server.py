"""The server of the tests in a browser and on sockets: Daphne with our application, in a process of its own.

`python -m tests.e2e.server FD SETTINGS` serves on the listening socket FD, with SETTINGS (JSON) laid over the
service's own: the test's database, folders and so on. Everything it logs goes to standard error.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from typing import Any

PR_SET_PDEATHSIG = 1


def main(descriptor: int, overrides: dict[str, Any]) -> None:
    if sys.platform == "linux":
        # A test run that is killed takes its servers along
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.environ["DJANGO_SETTINGS_MODULE"] = "intranet.settings"
    from django.conf import settings

    databases = settings.DATABASES
    databases["default"]["NAME"] = overrides.pop("DATABASE_NAME")
    for name, value in overrides.items():
        setattr(settings, name, value)

    from daphne.endpoints import build_endpoint_description_strings

    from intranet.asgi import application
    from intranet.lib.daphne_server import BoundedServer

    endpoints = build_endpoint_description_strings(file_descriptor=descriptor)
    BoundedServer(application, endpoints=endpoints, server_name="").run()


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]))
