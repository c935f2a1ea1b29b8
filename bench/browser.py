"""The first load of a page in Chromium over a slow line: when it can be read and answers, and what it fetches.

    python -m bench.browser [--quick] [--size 500/10000] [--runs 5] [--out FILE]

Page and socket server stand behind nginx with the files of deploy/nginx, as deployed; each load begins with an empty
cache. The line is emulated by Chromium, which also slows its own processor time down. Times are the clock's: they
say something on a machine that has nothing else to do.
"""

from __future__ import annotations

import statistics
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench import serving
from bench.measure import Report, arguments, progress, wait_until
from bench.serving import Size
from tests import chromium

# 1.6 Mbit/s down, 750 kbit/s up, 150 ms there and back
LINE = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
SLOWER = 4
WINDOW = {"width": 1280, "height": 900}
# The page, and what somebody types into first
PAGES = {
    "home, follows 50": "#composer textarea",
    "thread, 20 comments": "main form textarea",
    "article": "#site-search",
    "search, common word": "#site-search",
}
COMPRESSED = {"Document": "html_bytes", "Stylesheet": "css_bytes", "Script": "js_bytes", "Image": "image_bytes"}
WATCH = """
const watch = (type, note) => {
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({type, buffered: true})
}
const once = (begin) => new Promise((resolve) => begin(() => resolve(performance.now())))
window.bench = {lcp: 0, cls: 0}
bench.painted = once((done) => watch("paint", (entry) => entry.name === "first-contentful-paint" && done()))
// When the frame that shows what the key wrote is done
bench.answered = once((done) => {
    addEventListener("input", () => requestAnimationFrame(() => setTimeout(done)), {capture: true, once: true})
})
addEventListener("keydown", (event) => { bench.pressed = event.timeStamp }, {capture: true, once: true})
watch("largest-contentful-paint", (entry) => { bench.lcp = entry.startTime })
watch("layout-shift", (entry) => { if (!entry.hadRecentInput) bench.cls += entry.value })
"""
MEASURED = """async () => {
    const [navigation] = performance.getEntriesByType("navigation")
    const [paint] = performance.getEntriesByName("first-contentful-paint")
    const answered = await bench.answered
    return {
        first_byte_ms: navigation.responseStart,
        fcp_ms: paint.startTime,
        lcp_ms: bench.lcp,
        answered_ms: answered,
        key_took_ms: answered - bench.pressed,
        scripts_ms: navigation.domContentLoadedEventEnd,
        cls: bench.cls,
    }
}"""


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--size", type=Size.parse, default="500/10000", help="people/posts; 500/10000 without")
    parser.add_argument("--runs", type=int, help="loads of each page; 7, or 3 with --quick")
    options = parser.parse_args()
    runs = options.runs or (3 if options.quick else 7)
    found = chromium.find()
    if found is None:
        progress("First loads are not measured: there is no Chromium here. python -m tests.chromium installs one.")
        return
    report = Report("browser", options.out, seed=options.seed)
    with serving.behind_nginx(options.size, seed=options.seed) as (port, told), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=chromium.FLAGS)
        for name, selector in PAGES.items():
            key, path = told["pages"][name]
            cookie = {"name": told["session_cookie"], "value": key, "url": f"http://127.0.0.1:{port}"}
            loads = [_load(browser, f"http://127.0.0.1:{port}{path}", cookie, selector) for _ in range(runs)]
            # Files are what they are; times are those of the load in the middle
            middle = {what: statistics.median(load[what] for load in loads) for what in loads[0]}
            report.add(name.partition(",")[0], size=str(options.size), **middle, loads=runs)
        browser.close()


def _load(browser: Browser, address: str, cookie: Any, selector: str) -> dict[str, float]:
    """One load with nothing kept: when it was painted, when it answered a key, and the bytes of what it fetched."""
    context = browser.new_context(viewport=WINDOW)
    context.add_cookies([cookie])
    page = context.new_page()
    page.add_init_script(WATCH)
    fetched = _fetched(page)
    page.goto(address, wait_until="commit")
    page.evaluate("bench.painted")
    page.locator(selector).first.click(force=True)
    page.keyboard.press("a")
    page.evaluate("bench.answered")
    page.wait_for_load_state("load")
    wait_until(lambda: not page.wait_for_timeout(500) and not fetched.waiting, f"All of {address}")
    told: dict[str, float] = page.evaluate(MEASURED)
    context.close()
    return {**told, **fetched.bytes, "text_bytes": fetched.text, "requests": fetched.requests, "fonts": fetched.fonts}


class _Fetched:
    """What a page fetches, by kind, as many bytes as came over the line."""

    def __init__(self) -> None:
        self.bytes = dict.fromkeys(COMPRESSED.values(), 0)
        self.requests = self.fonts = 0
        self.waiting: dict[str, str] = {}

    @property
    def text(self) -> int:
        """HTML, CSS and JavaScript together."""
        return sum(size for kind, size in self.bytes.items() if kind != "image_bytes")

    def began(self, event: Any) -> None:
        self.requests += 1
        self.fonts += event["type"] == "Font"
        self.waiting[event["requestId"]] = COMPRESSED.get(event["type"], "")

    def ended(self, event: Any) -> None:
        kind = self.waiting.pop(event["requestId"], "")
        if kind:
            self.bytes[kind] += int(event.get("encodedDataLength", 0))


def _fetched(page: Page) -> _Fetched:
    """Slow the page's line and processor down, and note what it fetches."""
    fetched, session = _Fetched(), page.context.new_cdp_session(page)
    session.on("Network.requestWillBeSent", fetched.began)
    session.on("Network.loadingFinished", fetched.ended)
    session.on("Network.loadingFailed", fetched.ended)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINE)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return fetched


if __name__ == "__main__":
    main()
