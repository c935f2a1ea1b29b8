"""What Lighthouse says of the first load of a page, where npm and Chromium are: its score for performance.

    python -m bench.lighthouse [--quick] [--size 500/10000] [--runs 3] [--out FILE]

Lighthouse is installed from npm for this, into a folder that is gone afterwards. Its own usual line and processor are
emulated: 1.6 Mbit/s, 150 ms there and back, four times slower. Of several loads the one in the middle counts. Where it
cannot run, one line says so and nothing is measured.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

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
        with serving.behind_nginx(options.size, seed=options.seed) as (port, told), sync_playwright() as playwright:
            for name in PAGES:
                key, path = told["pages"][name]
                address = f"http://127.0.0.1:{port}{path}"
                cookie = {"name": told["session_cookie"], "value": key, "url": address}
                loads = [load(playwright, folder, address, cookie) for _ in range(runs)]
                middle = {what: statistics.median(load[what] for load in loads) for what in loads[0]}
                report.add(name.partition(",")[0], size=str(options.size), **middle, loads=runs)


def install(folder: Path) -> str:
    """Put Lighthouse into a folder; what is missing where it cannot run."""
    npm = shutil.which("npm")
    if npm is None:
        return "there is no npm on this machine"
    if chromium.find() is None:
        return "there is no Chromium on this machine"
    progress(f"Installing {PACKAGE} …")
    command = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", PACKAGE]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"npm could not install {PACKAGE} ({(done.stderr.strip().splitlines() or ['no word why'])[-1]})"
    return ""


def load(
    playwright: Playwright, folder: Path, address: str, cookie: dict[str, str], *, again: bool = True
) -> dict[str, float]:
    """One load by a new browser that has a cookie and nothing else.

    Args:
        again: to try once more where the browser lost its own record of the load, which now and then it does.

    Raises:
        RuntimeError: Lighthouse could not measure it, or ended on another page.
    """
    port = serving.free_port()
    flags = [*chromium.FLAGS, f"--remote-debugging-port={port}"]
    browser = playwright.chromium.launch(executable_path=chromium.find(), args=flags)
    # Not as a header of Lighthouse's: the first cookie that the service sets would take its place
    browser.new_browser_cdp_session().send("Storage.setCookies", {"cookies": [cookie]})
    # To a file: it ends before all of its answer is through a pipe
    answer = folder / f"{port}.json"
    command = [
        *(str(folder / "node_modules" / ".bin" / "lighthouse"), address, "--port", str(port), "--quiet"),
        *("--output", "json", "--output-path", str(answer), "--only-categories", "performance"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    browser.close()
    told: dict[str, Any] = json.loads(answer.read_text()) if answer.exists() else {}
    score, shown = told.get("categories", {}).get("performance", {}).get("score"), told.get("finalDisplayedUrl")
    if again and told.get("runtimeError", {}).get("code") == "NO_NAVSTART":
        return load(playwright, folder, address, cookie, again=False)
    if score is None or shown != address:
        raise RuntimeError(f"Lighthouse could not measure {address} ({shown}): {told.get('runtimeError', done.stderr)}")
    return {"score": score * 100, **{what: told["audits"][audit]["numericValue"] for what, audit in AUDITS.items()}}


if __name__ == "__main__":
    main()
