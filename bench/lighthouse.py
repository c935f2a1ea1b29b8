"""What Lighthouse says of the first load of a page, where npm and Chromium are: its score for performance.

    python -m bench.lighthouse [--quick] [--size 500/10000] [--runs 3] [--out FILE]

Lighthouse is installed from npm for this, into a folder that is gone afterwards. Its own usual line and processor are
emulated: 1.6 Mbit/s, 150 ms there and back, four times slower. Of several loads the one in the middle counts. Where it
cannot run, one line says so and nothing is measured.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import statistics
import subprocess
from pathlib import Path
from typing import Any

from bench import serving
from bench.measure import Report, arguments, progress
from bench.serving import Size
from tests import chromium

PACKAGE = "lighthouse@12.8"
PAGES = ("home, follows 50", "thread, 20 comments", "article", "search, common word")
AUDITS = {
    "fcp_ms": "first-contentful-paint",
    "lcp_ms": "largest-contentful-paint",
    "tbt_ms": "total-blocking-time",
    "cls": "cumulative-layout-shift",
}


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--size", type=Size.parse, default="500/10000", help="people/posts; 500/10000 without")
    parser.add_argument("--runs", type=int, help="loads of each page; 3, or 1 with --quick")
    options = parser.parse_args()
    runs = options.runs or (1 if options.quick else 3)
    with serving.workplace() as folder:
        if missing := install(folder):
            progress(f"Lighthouse is not run: {missing}.")
            return
        report = Report("lighthouse", options.out, seed=options.seed)
        with serving.behind_nginx(options.size, seed=options.seed) as (port, told):
            for name in PAGES:
                key, path = told["pages"][name]
                cookie = f"{told['session_cookie']}={key}"
                loads = [load(folder, f"http://127.0.0.1:{port}{path}", cookie) for _ in range(runs)]
                middle = {what: statistics.median(load[what] for load in loads) for what in loads[0]}
                report.add(name.partition(",")[0], size=str(options.size), **middle, loads=runs)


def install(folder: Path) -> str:
    """Put Lighthouse, and a Chromium that runs without a screen, into a folder; what is missing where that fails."""
    found, npm = chromium.find(), shutil.which("npm")
    if found is None:
        return "there is no Chromium on this machine"
    if npm is None:
        return "there is no npm on this machine"
    progress(f"Installing {PACKAGE} …")
    command = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", PACKAGE]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"npm could not install {PACKAGE} ({(done.stderr.strip().splitlines() or ['no word why'])[-1]})"
    browser = folder / "chromium"
    browser.write_text(f'#!/bin/sh\nexec {shlex.quote(found)} {shlex.join(chromium.FLAGS)} "$@"\n')
    browser.chmod(0o755)
    return ""


def load(folder: Path, address: str, cookie: str) -> dict[str, float]:
    """One load with nothing kept, by whoever the cookie says.

    Raises:
        RuntimeError: Lighthouse could not measure it.
    """
    headers = folder / "headers.json"
    headers.write_text(json.dumps({"Cookie": cookie}))
    command = [
        *(str(folder / "node_modules" / ".bin" / "lighthouse"), address, "--quiet", "--output", "json"),
        *("--only-categories", "performance", "--extra-headers", str(headers)),
    ]
    env = {**os.environ, "CHROME_PATH": str(folder / "chromium")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=180, check=False)
    told: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
    score = told.get("categories", {}).get("performance", {}).get("score")
    if score is None or told["finalDisplayedUrl"] != address:
        raise RuntimeError(f"Lighthouse could not measure {address}: {told.get('runtimeError') or done.stderr}")
    return {"score": score * 100, **{what: told["audits"][audit]["numericValue"] for what, audit in AUDITS.items()}}


if __name__ == "__main__":
    main()
