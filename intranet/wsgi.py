"""The pages alone, for a WSGI server; `/ws/live/` is the ASGI server's."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intranet.settings")
application = get_wsgi_application()
