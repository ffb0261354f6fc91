"""A browser shows the page on a phone, on a desk and on paper, and fetches nothing for it."""

import json
import re
import shutil
import subprocess
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
  parent.postMessage(JSON.stringify({wrong, wide,
    inner: innerWidth,
    width: document.documentElement.scrollWidth,
    images: images.map(image => image.naturalWidth),
    texts: [...document.querySelectorAll(".panel svg text")].map(e => e.getBoundingClientRect().height),
    panels: [...document.querySelectorAll(".panel svg")].map(e => e.getBoundingClientRect().width),
    fetched: performance.getEntriesByType("resource").map(e => e.name).filter(name => !name.startsWith("data:")),
  }), "*");
});</script>"""
FRAME = """<!doctype html><iframe src="measured.html" style="width:{}px;height:{}px;border:0"></iframe><pre></pre>
<script>onmessage = e => document.querySelector("pre").textContent = e.data</script>"""


def browse(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the browser without a network."""
    assert BROWSER is not None
    alone = ("--headless=new", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    return subprocess.run([BROWSER, *alone, profile, *options], capture_output=True, text=True, timeout=120, check=True)


def measured(written: Path, tmp_path: Path, width: int, height: int) -> dict[str, Any]:
    """Show the page in a frame and return what was measured in it."""
    page = (written / "report.html").read_text()
    page = page.replace("<head>", f"<head>{LISTEN}", 1).replace("</body>", f"{MEASURE}</body>", 1)
    (tmp_path / "measured.html").write_text(page)
    (tmp_path / "frame.html").write_text(FRAME.format(width, height))
    logged = ("--enable-logging=stderr", "--virtual-time-budget=10000", "--window-size=1400,1000")
    ran = browse(tmp_path, *logged, "--dump-dom", (tmp_path / "frame.html").as_uri())
    assert "CONSOLE" not in ran.stderr
    found = re.search(r"<pre>(\{.*?\})</pre>", ran.stdout, re.DOTALL)
    assert found is not None, ran.stderr
    result: dict[str, Any] = json.loads(found[1])
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
    browse(tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={paper}", (written / "report.html").as_uri())
    pages = len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))
    assert 6 <= pages <= 24
