"""The service's own settings for benches: everything as it runs, but nobody is asked to wait."""

from intranet.settings import *  # noqa: F403
from intranet.settings import MIDDLEWARE as SERVED
from intranet.settings import RATE_LIMITS as SERVED_LIMITS

# The counting still costs what it costs
RATE_LIMITS = dict.fromkeys(SERVED_LIMITS, "1000000/m")
MIDDLEWARE = ["bench.counting.QueryCountMiddleware", *SERVED]
