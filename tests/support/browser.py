"""A headless Chromium that looks at a page as a reader does: what it shows, says in its console, fetches and lets overflow."""

import base64
import json
import subprocess
from pathlib import Path
from typing import NamedTuple

from places import ROOT
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

WIDTHS = {"telephone": (390, 844), "desktop": (1280, 900)}  # CSS pixels


class Seen(NamedTuple):
    """What a page did at one width."""

    title: str
    text: str
    console: list[str]  # errors and warnings
    fetched: list[str]  # addresses
    overflow: int  # CSS pixels by which the page is wider than the window
    broken: list[str]  # images that did not load
    screenshot: Path


def install() -> None:
    """Raise AssertionError with a sentence when there is no browser and none can be installed."""
    done = subprocess.run(["sh", ROOT / "tests/validation/install.sh", "browser"], text=True, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr


def look(page: Path, width: str, screenshot: Path) -> Seen:
    """Open a file at the width of a telephone or a desktop, everything that is folded unfolded."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(word)
    size = dict(zip(("width", "height"), WIDTHS[width])) | {"pixelRatio": 1.0}
    options.add_experimental_option("mobileEmulation", {"deviceMetrics": size, "userAgent": "test"} if width == "telephone" else {"deviceMetrics": size | {"mobile": False}})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver")) as driver:
        driver.get(page.resolve().as_uri())
        folded = screenshot.with_stem(screenshot.stem + "-folded")
        _screenshot(driver, size["width"], folded)
        driver.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
        _screenshot(driver, size["width"], screenshot)
        return Seen(
            driver.title,
            driver.execute_script("return document.body.innerText"),
            [entry["message"] for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")],
            [address for entry in driver.get_log("performance") if (address := _requested(entry))],
            driver.execute_script("return document.documentElement.scrollWidth - window.innerWidth"),
            driver.execute_script("return [...document.images].filter(one => !one.complete || !one.naturalWidth).map(one => one.alt || one.src)"),
            screenshot,
        )


def _requested(entry: dict) -> str:
    message = json.loads(entry["message"])["message"]
    return message["params"]["request"]["url"] if message["method"] == "Network.requestWillBeSent" else ""


def _screenshot(driver, width: int, file: Path) -> None:
    """The whole page, not only what fits the window."""
    height = driver.execute_script("return document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, 12000), "scale": 1}
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    file.write_bytes(base64.b64decode(shot["data"]))


def check(seen: Seen, address: Path) -> None:
    """Nothing in the console, nothing fetched but the page itself and what it holds, nothing wider than the window, every image there."""
    assert not seen.console, seen.console
    outside = [one for one in seen.fetched if not one.startswith(("data:", address.resolve().as_uri()))]
    assert not outside, outside
    assert seen.overflow <= 0, f"the page is {seen.overflow} px wider than the window: see {seen.screenshot}"
    assert not seen.broken, seen.broken
