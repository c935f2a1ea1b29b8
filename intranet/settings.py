"""Settings: every environment variable is read here, typed; a bad value stops the start with a sentence."""

import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError, validate

from intranet.lib import environment
from intranet.lib.search import ENGINES

BASE_DIR = Path(__file__).resolve().parent.parent
DATABASE_ENGINES = {"django.db.backends.sqlite3", "django.db.backends.postgresql"}
env = Env()

try:
    SITE_NAME = env.str("SITE_NAME", "Common Knowledge")
    DEBUG = env.bool("DEBUG", False)
    # Uploads, search index, local database, kept secret: all that a copy of the service owns on disk
    DATA_DIR = environment.folder("DATA_DIR", env.str("DATA_DIR", "") or BASE_DIR / "var")
    SECRET_KEY = env.str("SECRET_KEY", "") or environment.kept_secret(DATA_DIR / "secret_key")
    SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", [])
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"], validate=environment.named)
    CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", [], validate=environment.origins)
    # On where a proxy ends TLS, as every deployment but a laptop's does
    HTTPS = env.bool("HTTPS", False)
    TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0, validate=environment.not_negative)
    REDIS_URL = env.str("REDIS_URL", "", validate=environment.redis_address)
    DATABASE: dict[str, Any] = dict(env.dj_db_url("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}"))
    DATABASE_POOL_SIZE = env.int("DATABASE_POOL_SIZE", 8, validate=environment.at_least_one)
    MAIL: dict[str, Any] = dict(env.dj_email_url("EMAIL_URL", "console:" if DEBUG else "smtp://localhost:25"))
    DEFAULT_FROM_EMAIL = env.str(
        "DEFAULT_FROM_EMAIL", "Common Knowledge <no-reply@localhost>", validate=environment.mailbox
    )
    # Database and cache beside the service: then there is more than Whoosh is for, and a worker that follows
    IS_SCALED = DATABASE.get("ENGINE") == "django.db.backends.postgresql" and bool(REDIS_URL)
    SEARCH_ENGINE = env.str(
        "SEARCH_ENGINE", "tantivy" if IS_SCALED else "whoosh", validate=validate.OneOf(sorted(ENGINES))
    )
    # Whether each host runs `manage.py follow_search`; otherwise the jobs of whoever writes keep the one index there is
    SEARCH_FOLLOWED = env.bool("SEARCH_FOLLOWED", IS_SCALED)
    SEARCH_DIR = environment.folder("SEARCH_DIR", env.str("SEARCH_DIR", "") or DATA_DIR / "search")
    STATIC_ROOT = Path(env.str("STATIC_ROOT", "") or BASE_DIR / "build" / "collected").resolve()
    # People told of an announcement in one go, and in a second at most: pages come first
    ANNOUNCEMENT_BATCH = env.int("ANNOUNCEMENT_BATCH", 1_000, validate=environment.at_least_one)
    ANNOUNCEMENT_RATE = env.int("ANNOUNCEMENT_RATE", 2_000, validate=environment.at_least_one)
    # Days for which the logs that pages and search indexes follow are kept; who was away longer begins anew
    LOG_DAYS = env.int("LOG_DAYS", 7, validate=environment.at_least_one)
    LOG_LEVEL = env.log_level("LOG_LEVEL", "INFO")
    LOG_FORMAT = env.str("LOG_FORMAT", "line", validate=validate.OneOf(["line", "json"]))
    # Scaled mode: where its parts listen, behind the proxy
    PAGES_ADDRESS = env.str("PAGES_ADDRESS", "127.0.0.1:8001", validate=environment.host_and_port)
    SOCKETS_ADDRESS = env.str("SOCKETS_ADDRESS", "127.0.0.1:8002", validate=environment.host_and_port)
    METRICS_ADDRESS = env.str("METRICS_ADDRESS", "127.0.0.1:9464", validate=environment.host_and_port)
    # What each process counts; best in memory (/run)
    METRICS_DIR = environment.folder("METRICS_DIR", env.str("METRICS_DIR", "") or DATA_DIR / "metrics")
    # Processes that answer pages, and threads in each
    WORKERS = env.int("WORKERS", os.cpu_count() or 1, validate=environment.at_least_one)
    THREADS = env.int("THREADS", 4, validate=environment.at_least_one)
    TIME_ZONE = env.str("TIME_ZONE", "Europe/London", validate=environment.time_zone)
    if DATABASE.get("ENGINE") not in DATABASE_ENGINES or DATABASE.get("NAME") in ("", ":memory:"):
        raise EnvError('Environment variable "DATABASE_URL" names neither PostgreSQL nor a file of SQLite.')
    if "EMAIL_BACKEND" not in MAIL:
        raise EnvError('Environment variable "EMAIL_URL" invalid: Not a mail address such as smtp://host:25.')
except EnvError as error:
    raise ImproperlyConfigured(environment.sentence(error)) from error

INSTALLED_APPS = [
    "daphne",
    "intranet",
    "feeds",
    "knowledge",
    "profiles",
    "profiles.admin_config.ServiceAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "channels",
    "taggit",
    "allauth",
    "allauth.account",
    "django_htmx",
    "csp",
    "django_tasks",
    "django_tasks_db",
]

MIDDLEWARE = [
    "intranet.lib.request_log.observed",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "intranet.lib.middleware.SecurityHeadersMiddleware",
    "intranet.lib.static.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "intranet.lib.middleware.HostMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "profiles.middleware.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "profiles.middleware.SignedInMiddleware",
    "intranet.lib.middleware.TooManyRequestsMiddleware",
    "intranet.lib.middleware.PlainNotFoundMiddleware",
]

ROOT_URLCONF = "intranet.urls"
ASGI_APPLICATION = "intranet.asgi.application"
WSGI_APPLICATION = "intranet.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "intranet.context_processors.site",
                "feeds.context_processors.unread_notifications",
            ],
        },
    }
]
FORM_RENDERER = "intranet.lib.forms.GovukRenderer"

# Database

if DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    # Writers queue instead of failing: the lock is taken at BEGIN, readers go on beside it (WAL)
    DATABASE["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728;",
    }
    # A file, never memory: the server process and the threads of a test share it
    DATABASE["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    DATABASE["OPTIONS"] = {
        "pool": {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 10},
        # Most of what a page's query costs is planning it: those of `intranet.lib.compiled` are prepared, and planned
        # once for each connection. All others bring their values along, and are planned for them. What pages ask for
        # lies in memory or on a solid-state disk, where to read by an index is not four times as dear as to scan
        "prepare_threshold": 2**31,
        "options": "-c plan_cache_mode=force_generic_plan -c jit=off -c random_page_cost=1.1",
    }
DATABASE["CONN_MAX_AGE"] = 0
DATABASES = {"default": DATABASE}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Cache: Redis in scaled mode, the process's memory otherwise

if REDIS_URL:
    CACHES: dict[str, Any] = {
        "default": {
            "BACKEND": "intranet.lib.cache.ForgivingRedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "ck",
            "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "ck"}}
# What a process may know by itself for a moment: numbers that decide nothing
CACHES["process"] = {
    "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
    "LOCATION": "process",
    "OPTIONS": {"MAX_ENTRIES": 10_000},
}
SESSION_ENGINE = "profiles.session_store"
SESSION_COOKIE_AGE = 14 * 24 * 60 * 60
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True

# Tasks: rows in the main database, run by `manage.py db_worker`

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# Who may sign in, and how

AUTH_USER_MODEL = "profiles.User"
AUTHENTICATION_BACKENDS = ["profiles.backends.SignInBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "profiles.validators.ContextualPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "profiles.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
# A new password is typed once: it can be shown, and a mistyped one replaced by mail
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
# Only in the browser that signed up
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_FORMS = {
    "login": "profiles.forms.account.SignInForm",
    "signup": "profiles.forms.account.SignUpForm",
    "reauthenticate": "profiles.forms.account.ReauthenticateForm",
    "change_password": "profiles.forms.account.ChangePasswordForm",
    "set_password": "profiles.forms.account.SetPasswordForm",
    "reset_password": "profiles.forms.account.ResetPasswordForm",
    "reset_password_from_key": "profiles.forms.account.NewPasswordForm",
}
ACCOUNT_RATE_LIMITS = {
    # A whole office stands behind one address: those limits stop machines, the ones per key guard an account
    "login": "600/m/ip",
    "login_failed": "200/m/ip,5/5m/key",
    "signup": "100/m/ip",
    "reset_password": "100/m/ip,5/m/key",
    "reset_password_from_key": "100/m/ip",
    "change_password": "5/m/user",
    "confirm_email": "1/3m/key",
    "manage_email": "10/m/user",
    "reauthenticate": "10/m/user",
}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

# Requests one person may make in a group of writes, before the answer is 429
RATE_LIMITS = {
    "post": "30/m",
    "comment": "60/m",
    "react": "120/m",
    "follow": "120/m",
    "profile": "30/m",
    "article": "30/m",
    "upload": "20/m",
    "preview": "60/m",
    "search": "120/m",
    "live": "60/m",
    "invite": "60/m",
}

# Topics (django-taggit)

TAGGIT_CASE_INSENSITIVE = True

# Security headers

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REDIRECT_EXEMPT = [r"^health/"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
        "img-src": ["'self'"],
        "connect-src": ["'self'"],
    }
}
CSRF_FAILURE_VIEW = "intranet.views.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# Static files and uploads

STATIC_URL = "/static/"
# What `make setup` builds from the npm lock; our own files are found in the app
STATICFILES_DIRS = [path for path in (BASE_DIR / "build" / "static",) if path.exists()]
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "intranet.lib.static.HashedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# Mail

EMAIL_BACKEND = MAIL["EMAIL_BACKEND"]
EMAIL_HOST = MAIL["EMAIL_HOST"]
EMAIL_PORT = MAIL["EMAIL_PORT"]
EMAIL_HOST_USER = MAIL["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = MAIL["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = MAIL["EMAIL_USE_TLS"]
EMAIL_USE_SSL = MAIL["EMAIL_USE_SSL"]
EMAIL_FILE_PATH = MAIL["EMAIL_FILE_PATH"]
EMAIL_TIMEOUT = 10

# Language and time

LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True

_CONSOLE = {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["request_id"]}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} [{request_id}] {message}", "style": "{"},
        "json": {"()": "intranet.lib.request_log.JsonLines"},
    },
    "filters": {"request_id": {"()": "intranet.lib.request_log.RequestIdFilter"}},
    "handlers": {
        "console": _CONSOLE,
        # The job worker sets its own loggers' level: on a laptop only what failed is told between the pages
        "jobs": {**_CONSOLE, "level": "WARNING" if DEBUG else "DEBUG"},
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "daphne": {"level": "WARNING"},
        "twisted": {"level": "WARNING"},
        "django_tasks": {"handlers": ["jobs"], "propagate": False},
        "django_tasks_db": {"handlers": ["jobs"], "propagate": False},
    },
}
