"""What a value from the environment must be like, folders made at the start, and the secret kept in one of them."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from email.utils import parseaddr
from pathlib import Path
from zoneinfo import available_timezones

from django.core.management.utils import get_random_secret_key
from environs import EnvError, ValidationError

REDIS = re.compile(r"(rediss?://[^/\s]+|unix:///)\S*")
ORIGIN = re.compile(r"https?://[^/\s]+")


def at_least_one(value: int) -> None:
    if value < 1:
        raise ValidationError("Must be 1 or more.")


def not_negative(value: int) -> None:
    if value < 0:
        raise ValidationError("Must be 0 or more.")


def named(value: list[str]) -> None:
    if not any(value):
        raise ValidationError("Must name at least one host.")


def origins(value: list[str]) -> None:
    for origin in value:
        if not ORIGIN.fullmatch(origin):
            raise ValidationError(f"“{origin}” is not an origin such as https://intranet.example.")


def redis_address(value: str) -> None:
    if value and not REDIS.fullmatch(value):
        raise ValidationError("Not an address of Redis, such as redis://127.0.0.1:6379/0.")


def host_and_port(value: str) -> None:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValidationError("Not an address to listen on, such as 127.0.0.1:8001.")


def time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError("Not a known time zone, such as Europe/London.")


def mailbox(value: str) -> None:
    if "@" not in parseaddr(value)[1]:
        raise ValidationError("Not an e-mail address, such as Common Knowledge <no-reply@intranet.example>.")


def sentence(error: EnvError) -> str:
    """What to tell whoever started the service: which variable is wrong, and why."""
    reason = re.sub(r"\['(.*)'\]", r"\1", str(error))
    return f"The service did not start: {reason} Correct that variable and start again."


def folder(name: str, value: str | Path) -> Path:
    """The folder that the variable `name` says, made where there is none.

    Raises:
        EnvError: it cannot be made, or not be written.
    """
    path = Path(value).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        raise EnvError(f'Environment variable "{name}" names a folder that cannot be written ({error}).') from error
    return path


def kept_secret(path: Path) -> str:
    """The secret kept in the file `path`, made at first use and readable by its owner alone.

    Of several processes that start at once one makes it, and all get the same, whole.

    Raises:
        EnvError: the file is empty or cannot be read.
    """
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-") as new:
            new.write(get_random_secret_key())
            new.flush()
            # A link is there at once and whole, and never in place of another's
            with suppress(FileExistsError):
                os.link(new.name, path)
    try:
        secret = path.read_text().strip()
    except OSError as error:
        raise EnvError(f'Environment variable "SECRET_KEY" is not set and {path} cannot be read ({error}).') from error
    if not secret:
        raise EnvError(f'Environment variable "SECRET_KEY" is not set and {path} is empty. Delete that file.')
    return secret
