"""A browser shows the page on a phone, on a desk and on paper, and fetches nothing for it."""

import json
import queue
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome-headless-shell")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"needs one of {', '.join(NAMES)}")

LISTEN = """<script>
const wrong = [];
addEventListener("error", event => wrong.push(String(event.message || event.target)), true);
</script>"""
# The frame is as wide as a phone, which a browser's window cannot be.
MEASURE = """<script>addEventListener("load", async () => {
  const images = [...document.images];
  await Promise.all(images.map(image => image.decode().catch(() => wrong.push(image.alt))));
  const wide = [...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll, svg"))
    .filter(e => e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.tagName + "." + e.className);
  await fetch("/measured", {method: "POST", body: JSON.stringify({wrong, wide,
    inner: innerWidth,
    width: document.documentElement.scrollWidth,
    images: images.map(image => image.naturalWidth),
    texts: [...document.querySelectorAll(".panel svg text")].map(e => e.getBoundingClientRect().height),
    panels: [...document.querySelectorAll(".panel svg")].map(e => e.getBoundingClientRect().width),
    fetched: performance.getEntriesByType("resource").map(e => e.name).filter(name => !name.startsWith("data:")),
  })});
});</script>"""
FRAME = '<!doctype html><iframe src="measured.html" style="width:{}px;height:{}px;border:0"></iframe>'


def command(tmp_path: Path, *options: str) -> list[str]:
    """Return what runs the browser without a network."""
    assert BROWSER is not None
    alone = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
    hosts = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    return [BROWSER, *alone, hosts, f"--user-data-dir={tmp_path / 'profile'}", *options]


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, "queue.Queue[bytes]"]]:
    """Serve a folder; yield its address and the queue of what its pages send back."""
    sent: queue.Queue[bytes] = queue.Queue()

    class Handler(SimpleHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", sent
        finally:
            server.shutdown()


def measured(written: Path, tmp_path: Path, width: int, height: int) -> dict[str, Any]:
    """Show the page in a frame and return what was measured in it.

    The page sends its measures when it has them: a budget of virtual time runs out before the pictures
    are decoded on a machine that is busy.
    """
    page = (written / "report.html").read_text()
    page = page.replace("<head>", f"<head>{LISTEN}", 1).replace("</body>", f"{MEASURE}</body>", 1)
    (tmp_path / "measured.html").write_text(page)
    (tmp_path / "frame.html").write_text(FRAME.format(width, height))
    log = tmp_path / "browser.log"
    logged = ("--enable-logging=stderr", "--window-size=1400,1000", "--remote-debugging-port=0")
    with served(tmp_path) as (address, sent), log.open("w") as output:
        browser = subprocess.Popen(command(tmp_path, *logged, f"{address}/frame.html"), stderr=output)
        try:
            result: dict[str, Any] = json.loads(sent.get(timeout=240))
        except queue.Empty:
            pytest.fail(f"The page sent nothing. The browser's log: {log.read_text()}")
        finally:
            browser.terminate()
            browser.wait(timeout=60)
    assert "CONSOLE" not in log.read_text()
    return result


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
def test_it_fits_a_screen(written: Path, tmp_path: Path, width: int, height: int) -> None:
    found = measured(written, tmp_path, width, height)
    assert found["inner"] == width
    assert found["width"] <= width
    assert found["wide"] == []
    assert found["wrong"] == []
    assert found["fetched"] == []
    assert len(found["images"]) > 10
    assert min(found["images"]) > 0
    assert min(found["panels"]) > 180
    assert min(found["texts"]) > 6


def test_it_can_be_printed(written: Path, tmp_path: Path) -> None:
    paper = tmp_path / "report.pdf"
    options = ("--no-pdf-header-footer", f"--print-to-pdf={paper}", (written / "report.html").as_uri())
    subprocess.run(command(tmp_path, *options), capture_output=True, timeout=240, check=True)
    pages = len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))
    assert 6 <= pages <= 24
