"""The status page in a real browser: it shows what the device says, and follows it by itself."""

from __future__ import annotations

import gzip
import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Dict, Iterator

import browser
import pytest
from board_build import Build
from emulated_board import PATIENCE, Board, StartBoard
from emulated_project import LOOP, EmulatedProject

Rows = Dict[str, str]


class Page:
    """The page of a board, in a browser."""

    def __init__(self, tab: browser.Browser) -> None:
        self.tab = tab

    def open(self, url: str) -> None:
        self.tab.open(url)
        self.tab.errors()

    def wait_for_state(self, kind: str, words: str = "") -> None:
        self.tab.wait_until(
            "(state => state.className == '%s' && state.textContent.includes('%s'))"
            "(document.querySelector('#state'))" % (kind, words)
        )

    def wait_for_row(self, name: str, words: str) -> None:
        self.tab.wait_until(
            "[...document.querySelectorAll('dt')].some(dt => dt.textContent == '%s' && "
            "dt.nextSibling.textContent.includes('%s'))" % (name, words)
        )

    def rows(self) -> Rows:
        return dict(self.tab.run(
            "return [...document.querySelectorAll('dt')]"
            ".map(dt => [dt.textContent, dt.nextSibling.textContent])"
        ))  # fmt: skip


class FakeDevice:
    """Serves the page of a board, and an answer to `GET /status` that a test chooses."""

    def __init__(self, page: bytes) -> None:
        self.code = 200
        self.answer: Dict[str, Any] = {}
        self.goes_on = threading.Event()
        self.goes_on.set()
        device = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != "/":
                    device.goes_on.wait(PATIENCE)
                self.send_response(200 if self.path == "/" else device.code)
                if self.path == "/":
                    self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Type", "text/html" if self.path == "/" else "application/json")
                self.end_headers()
                self.wfile.write(page if self.path == "/" else json.dumps(device.answer).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def tab() -> Iterator[browser.Browser]:
    missing = browser.missing()
    if missing:
        pytest.skip(missing)
    with browser.Browser(PATIENCE) as started:
        yield started


@pytest.fixture()
def page(tab: browser.Browser) -> Page:
    tab.show_as(800, 600)
    return Page(tab)


def url_of(board: Board) -> str:
    """The one in its log."""
    return board.wait_for(r"http://\S+").group(0)


def fetch_page(board: Board) -> bytes:
    with urllib.request.urlopen(url_of(board), timeout=PATIENCE) as answer:
        assert answer.headers["Content-Type"] == "text/html"
        assert answer.headers["Content-Encoding"] == "gzip"
        return bytes(answer.read())


@pytest.fixture()
def fake(board: Board) -> Iterator[FakeDevice]:
    device = FakeDevice(fetch_page(board))
    device.answer = board.get("/status").json
    yield device
    device.goes_on.set()
    device.server.shutdown()
    device.server.server_close()


def test_the_url_of_the_log_leads_to_the_page(board: Board) -> None:
    data = fetch_page(board)
    assert gzip.decompress(data).startswith(b"<!doctype html>")
    assert data[4:8] == bytes(4)  # no date: the same sources make the same firmware


def test_the_page_keeps_the_connection(board: Board) -> None:
    with board.connect() as client:
        client.send(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert client.raw_answer()[0] == 200
        assert client.is_closed()
    with board.connect() as client:
        client.send(b"GET / HTTP/1.1\r\n\r\nGET /pending HTTP/1.1\r\n\r\n")
        assert client.raw_answer()[0] == 200
        assert client.answer().json == {"pending": False}


def test_shows_what_the_device_says(page: Page, board: Board) -> None:
    page.open(url_of(board))
    page.wait_for_state("good", "The module runs")
    status: Dict[str, Any] = board.get("/status").json
    rows = page.rows()
    assert rows["Module"] == "sequence 1"
    assert rows["Chip"] == status["chip"] == "emulator"
    assert rows["Firmware"] == status["firmware"]
    assert rows["Exports"] == f"{status['exports']} functions"
    assert rows["Patch"] == rows["Memory of the patch"] == rows["Last error"] == "none"
    assert rows["Rolled back"] == "no"
    for part in ("text", "data"):
        assert f"{part} {status[part]['size']}" in rows["Memory"]
        assert status[part]["address"] in rows["Memory"]
        assert f"{part} {status['free'][part]}" in rows["Free memory"]
    assert page.tab.run("return document.querySelector('h1').textContent") == status["project"]
    assert page.tab.run("return document.title") == "board_test: The module runs"
    # Nothing comes from elsewhere, and the policy of the page forbids nothing that it does.
    loaded = page.tab.run("return performance.getEntriesByType('resource').map(e => e.name)")
    assert set(loaded) == {url_of(board) + "/status"}
    assert page.tab.errors() == []


def test_follows_reloads_and_errors(page: Page, board: Board, build: Build) -> None:
    page.open(url_of(board))
    page.wait_for_row("Loads since boot", "1")
    since = page.rows()["Runs"]
    assert since.startswith("since ")
    assert board.upload(build.module(2), build.secret).status == 200
    page.wait_for_row("Module", "sequence 2, on trial")
    page.wait_for_row("Loads since boot", "2")
    page.wait_for_state("good")

    refused = board.upload(build.module(3), bytes(32))
    page.wait_for_state("bad", "failed")
    assert page.rows()["Last error"] == refused.json["error"]
    assert page.rows()["Module"].startswith("sequence 2")

    assert board.upload(build.module(3), build.secret).status == 200
    page.wait_for_row("Module", "sequence 3")
    page.wait_for_state("good")
    assert page.rows()["Last error"] == "none"


def test_follows_patches(page: Page, core: str, tmp_path: Path) -> None:
    project = EmulatedProject(core, tmp_path / "project", LOOP)
    project.build()
    with project.boot(show=False, poll_ms=20) as console:
        page.open(console.url)
        page.wait_for_state("good", "The module runs")
        project.edit('"uptime %u: blink', '"uptime %u: flash', "blink_step.c")
        assert project.tool("reload", "--url", console.url) == 0
        page.wait_for_state("good", "The patched module runs")
        page.wait_for_row("Patch", "sequence 2, replaces 1 function")
        assert "bytes at 0x" in page.rows()["Memory of the patch"]
        assert page.rows()["Module"].startswith("sequence 1")


def test_says_that_the_device_is_gone_and_recovers(
    page: Page, board: Board, start_board: StartBoard
) -> None:
    url, port = url_of(board), board.port
    page.open(url)
    page.wait_for_state("good")
    board.kill()
    page.wait_for_state("gone", "No answer since")
    assert page.rows()["Module"] == "sequence 1"  # the last that is known
    start_board("--port", str(port))
    page.wait_for_state("good", "The module runs")


def test_says_that_no_module_runs(page: Page, fake: FakeDevice) -> None:
    nothing = {"address": "0x00000000", "size": 0}
    fake.answer.update(loaded=False, sequence=0, base=None, text=nothing, data=nothing, stored=False)
    page.open(fake.url)
    page.wait_for_state("bad", "No module runs")
    assert page.rows()["Module"] == page.rows()["Memory"] == "none"
    assert page.rows()["Runs"] == "no"


@pytest.mark.parametrize("code", [404, 500])
def test_takes_an_error_for_no_answer(page: Page, fake: FakeDevice, code: int) -> None:
    page.open(fake.url)
    page.wait_for_state("good")
    fake.code = code
    page.wait_for_state("gone")
    fake.code = 200
    page.wait_for_state("good")


def test_a_device_that_hangs_is_gone(page: Page, fake: FakeDevice) -> None:
    page.open(fake.url)
    page.wait_for_state("good")
    fake.goes_on.clear()
    page.wait_for_state("gone")
    fake.goes_on.set()
    page.wait_for_state("good")


def test_texts_of_the_device_are_no_html(page: Page, fake: FakeDevice) -> None:
    evil = "<img src=x onerror=\"document.title='evil'\"><script>document.title='evil'</script>"
    fake.answer.update(last_error=evil, rollback=evil, project=evil, chip=evil, firmware=evil)
    page.open(fake.url)
    page.wait_for_state("bad")
    rows = page.rows()
    assert [rows[name] for name in ("Last error", "Rolled back", "Chip", "Firmware")] == [evil] * 4
    assert page.tab.run("return document.querySelector('h1').textContent") == evil
    assert page.tab.run("return document.querySelectorAll('img').length") == 0
    assert page.tab.run("return document.querySelectorAll('script').length") == 1


def test_runs_no_script_but_its_own(page: Page, board: Board) -> None:
    """Whatever came into the page, its policy would not run it."""
    page.open(url_of(board))
    page.wait_for_state("good")
    page.tab.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"evil = 1\">')")
    script = "let s = document.createElement('script'); s.textContent = 'evil = 1'; document.body.append(s)"
    page.tab.run(script)
    assert page.tab.run("return typeof evil") == "undefined"
    errors = "\n".join(page.tab.errors())
    assert "script-src" in errors and "img-src" in errors


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_a_phone(page: Page, fake: FakeDevice, scheme: str) -> None:
    fake.answer.update(firmware="f" * 64, last_error="e" * 200)
    page.tab.show_as(320, 640, scheme=scheme)
    page.open(fake.url)
    page.wait_for_state("bad")
    assert page.tab.run("return document.documentElement.scrollWidth") <= 320
    colour = page.tab.run("return getComputedStyle(document.body).color")
    assert colour == {"light": "rgb(0, 0, 0)", "dark": "rgb(255, 255, 255)"}[scheme]
