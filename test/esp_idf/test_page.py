"""The status page on a chip: a browser gets it, and what it costs.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
import subprocess
import sys

from idf_project import DEFAULTS, ROOT, IdfProject
from qemu import Qemu

sys.path.append(str(ROOT / "test" / "board"))

from emulated_board import Client  # noqa: E402

MOST_BYTES = 2560

# Longer than ESP-IDF 5 takes from a client. A browser also sends what others set for this host.
BROWSER = b"Host: chip\r\nConnection: keep-alive\r\n" + b"".join(
    b"%s: %s\r\n" % (name, b"x" * 200)
    for name in (b"User-Agent", b"Accept", b"Accept-Language", b"sec-ch-ua", b"Cookie")
)


def test_a_browser_gets_the_page(chip: Qemu) -> None:
    chip.wait_for(r"server listens on http://\S+:8080")
    with Client(chip.port) as client:
        for _ in range(2):  # as with the browser's connection, which stays open
            client.send(b"GET / HTTP/1.1\r\n" + BROWSER + b"\r\n")
            status, headers, body = client.raw_answer()
            assert (status, headers["content-type"]) == (200, "text/html")
            assert headers["content-encoding"] == "gzip" and body.startswith(b"\x1f\x8b")
            client.send(b"GET /status HTTP/1.1\r\n" + BROWSER + b"\r\n")
            answer = client.answer()
            assert answer.status == 200 and answer.json["chip"] == chip.machine.target


def flash_of_component(project: IdfProject) -> int:
    """Bytes of code and constants in the component's library."""
    library = "esp-idf/hotreload/libhotreload.a"
    result = project.ninja(library)
    assert result.returncode == 0, result.stdout
    cache = (project.build / "CMakeCache.txt").read_text()
    objdump = re.search(r"^CMAKE_OBJDUMP:\w+=(.+)objdump$", cache, re.MULTILINE)
    assert objdump
    sizes = subprocess.run([objdump.group(1) + "size", str(project.build / library)], check=True,
                           stdout=subprocess.PIPE, encoding="utf-8").stdout
    return sum(int(text) + int(data) for text, data in re.findall(r"^ *(\d+)\t *(\d+)", sizes, re.M))


def test_flash_of_the_page(project: IdfProject) -> None:
    """Without the option it takes none."""
    sizes = {}
    for value in "yn":
        project.write("sdkconfig.test", f"CONFIG_HOTRELOAD_STATUS_PAGE={value}\n")
        project.defaults = f"{DEFAULTS};sdkconfig.test"
        (project.build / "sdkconfig").unlink(missing_ok=True)
        project.run("reconfigure")
        sizes[value] = flash_of_component(project)
        assert (project.build / "esp-idf" / "hotreload" / "hotreload_page.c").exists() == (value == "y")
        (project.build / "esp-idf" / "hotreload" / "hotreload_page.c").unlink(missing_ok=True)
    assert 0 < sizes["y"] - sizes["n"] <= MOST_BYTES
