"""The performance suite runs: what it measures is another matter, and no test's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from bench import measure, results

ROOT = Path(__file__).resolve().parents[2]


def test_the_time_of_processes_is_counted_with_what_they_started() -> None:
    script = "import time\nwhile time.process_time() < 0.3: pass\nprint(1, flush=True); input()"
    command = ["sh", "-c", f'"{sys.executable}" -c "$0"; true', script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        assert started.stdout and started.stdin
        meter = measure.Meter({"busy": started.pid, "idle": os.getpid()})
        with meter.measure():
            started.stdout.readline()
        started.stdin.write(b"\n")
        started.stdin.close()
    # It may have begun before the first look
    assert 0 < meter.spent["busy"] < 5
    assert len(measure.tree(os.getpid())) >= 1


def test_a_share_of_the_values_does_not_exceed_its_percentile() -> None:
    values = [float(number) for number in range(1, 101)]
    assert (measure.percentile(values, 0.5), measure.percentile(values, 0.95)) == (50, 95)
    assert measure.significant(123.456789) == 123.5 and measure.significant(0.000123456) == 0.0001235


def test_results_are_made_of_the_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    report = measure.Report("pages", tmp_path / "lines.jsonl")
    report.add("home", total_ms=1.23456, queries=None)
    report.add("thread", total_ms=2.0, queries=12_345)
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["results", str(tmp_path / "lines.jsonl")])
    results.main()
    told = capsys.readouterr().out
    assert "| home | 1.235 | – |" in told and "| thread | 2.0 | 12,345 |" in told and "## pages" in told
    (tmp_path / "lines.jsonl").write_text("no line\n")
    with pytest.raises(SystemExit, match=r"lines.jsonl:1"):
        results.main()


@pytest.mark.skipif(
    connection.vendor != "postgresql" or not settings.REDIS_URL, reason="pages are measured in scaled mode"
)
def test_the_pages_of_a_toy_service_can_be_measured(tmp_path: Path) -> None:
    where = settings.DATABASE
    server = f"postgres://{quote(where['USER'])}:{quote(where['PASSWORD'])}@{where['HOST']}:{where['PORT'] or 5432}"
    size = f"{100 + os.getpid() % 97}/600"
    out = tmp_path / "pages.jsonl"
    command = [
        *(sys.executable, "-m", "bench.pages", "--sizes", size, "--seconds", "0.2", "--requests", "3"),
        *("--only", "people", "--out", str(out)),
    ]
    env = {**os.environ, "BENCH_DATABASE_SERVER": server}
    try:
        run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=100)
        assert run.returncode == 0, run.stderr
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as made:
            made.execute(f"DROP DATABASE IF EXISTS ck_bench_{size.replace('/', '_')} WITH (FORCE)")
    lines = {line["what"]: line for line in map(json.loads, out.read_text().splitlines())}
    assert {"bare view", "people", "people, by name"} <= set(lines)
    assert lines["people"]["queries"] > 0 and lines["people"]["app_ms"] > lines["bare view"]["app_ms"] > 0
