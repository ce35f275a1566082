"""A headless Chromium, for the test of the status page and for its screenshot.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import shutil
from typing import Any, List, Optional

_FLAGS = (
    "--headless=new", "--no-sandbox",  # the tests run as root, in a container
    "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--lang=en-US",
)


def missing() -> Optional[str]:
    """What keeps a browser from starting, or None."""
    for program in ("chromium", "chromedriver"):
        if not shutil.which(program):
            return f"{program} is missing; on Debian: apt-get install chromium chromium-driver"
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "Python's selenium is missing; on Debian: apt-get install python3-selenium"
    return None


class Browser:
    """One tab. Used in `with`, it ends with the block."""

    def __init__(self, patience: float) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
        from selenium.webdriver.support.wait import WebDriverWait

        options = webdriver.ChromeOptions()
        options.binary_location = str(shutil.which("chromium"))
        for flag in _FLAGS:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = Service(str(shutil.which("chromedriver")))
        self._driver = webdriver.Chrome(service=service, options=options)
        self._wait = WebDriverWait(self._driver, patience, poll_frequency=0.05)

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self._driver.quit()

    def open(self, url: str) -> None:
        self._driver.get(url)

    def run(self, script: str) -> Any:
        """What the body of a JavaScript function returns."""
        return self._driver.execute_script(script)

    def wait_until(self, condition: str) -> None:
        """Waits until an expression in JavaScript is true."""
        self._wait.until(lambda _: self.run(f"return {condition}"), f"never: {condition}")

    def errors(self) -> List[str]:
        """What the console has shown since the last call."""
        return [str(entry["message"]) for entry in self._driver.get_log("browser")]

    def show_as(self, width: int, height: int, scale: float = 1, scheme: str = "light") -> None:
        """Makes the window so large, in CSS pixels, with a light or a dark colour scheme."""
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": False})
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def screenshot(self) -> bytes:
        """The window as a PNG file."""
        return bytes(self._driver.get_screenshot_as_png())
