"""Starting the service: a bad value in the environment is one sentence, two copies do not meet, the secret is kept."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings

from intranet.lib import environment
from intranet.lib.limits import RATE

ROOT = Path(__file__).resolve().parents[2]
SET_UP = "import django; django.setup(); from django.conf import settings; "


def start(folder: Path, code: str = SET_UP, **values: str) -> subprocess.CompletedProcess[str]:
    """Python that starts the service in an environment of its own, with `values`."""
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    own = {"DJANGO_SETTINGS_MODULE": "intranet.settings", "DATA_DIR": str(folder)}
    command = [sys.executable, "-W", "error::UserWarning", "-c", code]
    return subprocess.run(command, cwd=ROOT, env={**plain, **own, **values}, capture_output=True, text=True)


def manage(folder: Path, *arguments: str, **values: str) -> subprocess.CompletedProcess[str]:
    """`manage.py` in an environment of its own, with `values`."""
    code = (
        f"import sys, runpy; sys.argv = ['manage.py', *{arguments!r}]; runpy.run_path('manage.py', run_name='__main__')"
    )
    return start(folder, code, **values)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("DEBUG", "perhaps", "boolean"),
        ("HTTPS", "maybe", "boolean"),
        ("DATABASE_URL", "nonsense://", "database"),
        ("DATABASE_URL", "mysql://localhost/x", "PostgreSQL"),
        ("DATABASE_URL", "sqlite://:memory:", "file"),
        ("DATABASE_POOL_SIZE", "0", "1 or more"),
        ("DATA_DIR", "/proc/nowhere", "cannot be written"),
        ("DATA_DIR", "/dev/null", "cannot be written"),
        ("SEARCH_DIR", "/proc/nowhere", "cannot be written"),
        ("SEARCH_ENGINE", "foo", "whoosh"),
        ("TRUSTED_PROXIES", "x", "integer"),
        ("TRUSTED_PROXIES", "-1", "0 or more"),
        ("REDIS_URL", "localhost", "redis://"),
        ("EMAIL_URL", "pigeon://", "smtp://"),
        ("DEFAULT_FROM_EMAIL", "nobody", "e-mail address"),
        ("ALLOWED_HOSTS", "", "host"),
        ("CSRF_TRUSTED_ORIGINS", "intranet.example", "https://"),
        ("LOG_LEVEL", "loud", "log level"),
        ("LOG_FORMAT", "xml", "json"),
        ("PAGES_ADDRESS", "8001", "127.0.0.1:8001"),
        ("SOCKETS_ADDRESS", "127.0.0.1:0", "address to listen on"),
        ("METRICS_DIR", "/proc/nowhere", "cannot be written"),
        ("WORKERS", "0", "1 or more"),
        ("TIME_ZONE", "../Mars", "Europe/London"),
    ],
)
def test_a_bad_value_stops_the_start_with_one_sentence_that_names_it(
    tmp_path: Path, name: str, value: str, reason: str
) -> None:
    ended = start(tmp_path, **{name: value})
    assert ended.returncode == 1
    said = ended.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured: The service did not start" in said
    assert name in said and reason in said and said.endswith("Correct that variable and start again.")
    assert "['" not in said


def test_a_command_says_the_sentence_and_nothing_else(tmp_path: Path) -> None:
    ended = manage(tmp_path, "migrate", SEARCH_ENGINE="foo")
    assert ended.returncode == 1
    assert ended.stderr.startswith("The service did not start") and ended.stderr.count("\n") == 1


def test_good_values_of_every_kind_start(tmp_path: Path) -> None:
    values = {
        "DEBUG": "1",
        "DATABASE_URL": "postgres://somebody:secret@127.0.0.1:5432/intranet",
        "REDIS_URL": "rediss://:secret@127.0.0.1:6379/0",
        "EMAIL_URL": "submission://me:secret@mail.example:587",
        "ALLOWED_HOSTS": "intranet.example,www.intranet.example",
        "CSRF_TRUSTED_ORIGINS": "https://intranet.example",
        "TIME_ZONE": "Europe/Dublin",
        "STATIC_ROOT": "",
    }
    code = SET_UP + "print(settings.DATABASES['default']['HOST'], settings.ALLOWED_HOSTS[1], settings.STATIC_ROOT)"
    ended = start(tmp_path, code, **values)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["127.0.0.1", "www.intranet.example", str(ROOT / "build" / "collected")]


def test_two_copies_own_nothing_together(tmp_path: Path) -> None:
    tell = (
        "print(settings.SECRET_KEY, settings.MEDIA_ROOT, settings.SEARCH_DIR, settings.DATABASES['default']['NAME'], "
        "settings.DATABASES['default']['TEST']['NAME'], sep='\\n')"
    )
    one, again, other = (start(tmp_path / name, SET_UP + tell).stdout.splitlines() for name in ("a", "a", "b"))
    assert len(one) == 5 and one == again
    assert not set(one) & set(other)


def test_the_secret_key_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    tell = SET_UP + "print(settings.SECRET_KEY)"
    first = start(tmp_path, tell).stdout
    assert len(first.strip()) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    assert start(tmp_path, tell).stdout == first
    assert start(tmp_path, tell, SECRET_KEY="from the environment").stdout.strip() == "from the environment"
    (tmp_path / "secret_key").write_text("")
    assert "is empty" in start(tmp_path, tell).stderr.splitlines()[-1]


def test_processes_that_start_together_share_one_secret(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    with ThreadPoolExecutor(16) as pool:
        told = set(pool.map(lambda _: environment.kept_secret(path), range(64)))
    assert told == {path.read_text()}
    assert [each.name for each in tmp_path.iterdir()] == ["secret_key"]


def test_production_settings_pass_every_check(tmp_path: Path) -> None:
    values = {"SECRET_KEY": secrets.token_urlsafe(64), "HTTPS": "1", "ALLOWED_HOSTS": "intranet.example"}
    ended = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **values)
    assert ended.returncode == 0, ended.stderr
    assert "no issues" in ended.stdout


def test_every_limit_that_a_view_names_is_in_the_settings() -> None:
    named = {
        group
        for app in ("intranet", "profiles", "knowledge", "feeds")
        for path in (ROOT / app).rglob("*.py")
        for group in re.findall(r"""^@limited\("(\w+)",""", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert named <= set(settings.RATE_LIMITS)
    assert all(RATE.fullmatch(rate) for rate in settings.RATE_LIMITS.values())
