"""A reload whose functions would be called otherwise than the firmware calls them is refused.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import pytest

from fake_device import FakeDevice
from project import Project

HEADER = """\
typedef unsigned long uint32_t;
typedef struct { int x; short y; } point_t;
struct node { struct node *next; point_t at; };
enum color { RED, GREEN };
"""

BEFORE = HEADER + """\
int area(point_t from, const point_t *to) { return from.x + to->y; }
int length(struct node *list) { return list ? list->at.x : 0; }
void paint(enum color color, void (*done)(int), ...) { done(color); }
uint32_t unchanged(char text[4]) { return text[0]; }
"""


def reload_after(project: Project, device: FakeDevice, old: str, new: str) -> str:
    """Builds everything, makes the change, reloads; returns what the tool said."""
    project.write("a.c", BEFORE)
    project.make()
    device.secret = bytes.fromhex((project.out / "secret.key").read_text().strip())
    assert old in BEFORE
    project.write("a.c", BEFORE.replace(old, new))
    result = project.run("reload", "--build", str(project.build), "--url", device.url)
    changed = "since the firmware was built" in result.stdout
    assert (result.returncode == 1) == changed, result.stdout
    assert bool(device.uploads) != changed
    return result.stdout


@pytest.mark.parametrize(
    "old, new, expected",
    [
        (
            "area(point_t from, const point_t *to)",
            "area(const point_t *to, point_t from)",
            ["area() has changed", "old: int area(point_t, const point_t *)",
             "new: int area(const point_t *, point_t)"],
        ),
        ("int area(", "long long area(", ["new: long long int area("]),
        ("color, void (*done)(int), ...)", "color, void (*done)(int))", ["..."]),
        ("void (*done)(int)", "void (*done)(long long)", ["paint() has changed"]),
        (
            "{ int x; short y; }",
            "{ int x; char z; short y; }",
            ["The layout of point_t has changed", "new: +4 char z"],
        ),
        ("{ int x; short y; }", "{ short y; int x; }", ["old: +0 int x", "new: +0 short"]),
        (
            "{ struct node *next; point_t at; }",
            "{ point_t at; struct node *next; }",
            ["The layout of struct node has changed"],
        ),
        ("{ RED, GREEN }", "{ GREEN, RED }", ["The layout of enum color", "new: GREEN = 0"]),
    ],
)  # fmt: skip
def test_change_that_would_corrupt_a_call_is_refused(
    riscv: Project, device: FakeDevice, old: str, new: str, expected: "list[str]"
) -> None:
    said = reload_after(riscv, device, old, new)
    for text in [*expected, "To use the new one, build 'firmware' again and flash it"]:
        assert text in said


@pytest.mark.parametrize(
    "old, new",
    [
        ("return from.x", "return 2 * from.x"),
        ("uint32_t unchanged", "unsigned unchanged"),
        ("const point_t *to)", "point_t *to)"),
        ("list ? list->at.x : 0", "list ? list->at.y : 0"),
    ],
)
def test_change_that_calls_do_not_notice_is_sent(
    riscv: Project, device: FakeDevice, old: str, new: str
) -> None:
    assert "Reloaded" in reload_after(riscv, device, old, new)


def test_whole_build_takes_the_new_interface(riscv: Project, device: FakeDevice) -> None:
    reload_after(riscv, device, "int area(", "char area(")
    riscv.make()
    result = riscv.run("reload", "--build", str(riscv.build), "--url", device.url)
    assert result.returncode == 0, result.stdout


def test_without_debug_data_nothing_is_compared(riscv: Project, device: FakeDevice) -> None:
    riscv.flags.append("-g0")
    assert "Reloaded" in reload_after(riscv, device, "int area(", "char area(")
