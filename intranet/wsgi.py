"""The pages alone, for a WSGI server; `/ws/live/` is the ASGI server's."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intranet.settings")
application = get_wsgi_application()

# What was loaded stays: to look for garbage among all that would hold up a page for a tenth of a second, now and then
gc.collect()
gc.freeze()
