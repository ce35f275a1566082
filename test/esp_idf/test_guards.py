"""What a reload refuses or adds, each with an edit of a real ESP-IDF project.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import contextlib
import re
from typing import Iterator

import pytest

from idf_project import IdfProject
from qemu import Qemu

RELOADABLE = "components/reloadable/reloadable.c"
CMAKE = "components/reloadable/CMakeLists.txt"
MATH = "components/reloadable_math/reloadable_math.c"
FIRST = "static int reloadable_hello_count;\n"
GREETING = '    printf("%s, %s'
NOWHERE = {"HOTRELOAD_URL": "http://127.0.0.1:9"}

# On what no header says, a change of a source alone can have an effect.
MAIN = "main/hotreload.c"
DECLARATION = "struct point;\nint reloadable_sum(const struct point *point, int scale);\n\n"
CALL = "    if (!hotreload_is_loaded()) {\n        (void)reloadable_sum(0, 0);\n    }\n"
POINTS = """\
struct point {
    int x;
    int y;
};

int reloadable_sum(const struct point *point, int scale)
{
    return scale * (point->x + point->y);
}
"""


class Edit:
    """Adds to the source: something before all functions, and statements to reloadable_hello()."""

    def __init__(self, project: IdfProject) -> None:
        self.project = project

    def reload(self, top: str, statements: str, url: str) -> str:
        """Reloads with the edit, which must succeed; returns the output."""
        with self._edited(top, statements):
            return self.project.run("reload", "--url", url)

    def refused(self, top: str, statements: str) -> str:
        """What is said to the edit, which must be refused before anything is sent."""
        with self._edited(top, statements):
            text = self.project.fail("reload", **NOWHERE)
        assert "Not reloaded" in text and "the device goes on" in text
        assert "127.0.0.1:9" not in text
        return text

    def _edited(self, top: str, statements: str) -> "contextlib.ExitStack":
        stack = contextlib.ExitStack()
        stack.enter_context(self.project.changed(RELOADABLE, FIRST, f"{top}\n{FIRST}"))
        changed = self.project.changed(RELOADABLE, GREETING, f"    {statements}\n{GREETING}")
        stack.enter_context(changed)
        return stack


@pytest.fixture()
def edit(example: IdfProject) -> Iterator[Edit]:
    yield Edit(example)
    example.run("build")


# ---- the C library ----


def test_function_without_state_is_linked_in(edit: Edit, chip: Qemu) -> None:
    chip.wait_for(r"server listens on")
    output = edit.reload(
        "#include <stdlib.h>\n#include <string.h>\n#include <math.h>\n"
        "static int compare(const void *a, const void *b)\n"
        "{\n    return *(const int *)a - *(const int *)b;\n}\n"
        "static int values[] = {1, 5, 9, 13};\nstatic volatile float angle = 0.5f;\n",
        'int key = 9;\n    const int *found = bsearch(&key, values, 4, sizeof key, compare);\n    '
        'printf("%d, %s, %d\\n", found - values, strpbrk(name, "lr"), (int)(1e4f * sinf(angle)));',
        chip.url,
    )
    assert re.search(r"note: the firmware lacks \w+\(\), linked into the module from lib", output)
    for name in re.findall(r"the firmware lacks (\w+)", output):
        assert name in ("bsearch", "strpbrk", "sinf")
    chip.wait_for(r"^2, rld, 4794$")


def test_function_with_state_is_refused(edit: Edit) -> None:
    text = edit.refused(
        "#include <unistd.h>\n", 'char *words[] = {"a", NULL};\n    (void)getopt(1, words, "b");'
    )
    assert re.search(r"reloadable\.c:\d+: reloadable_hello needs 'getopt'", text)
    assert re.search(r"libc\.a\(\S+\) has it, but keeps state \(\S+\), of which", text)
    assert "run: idf.py build flash" in text


# ---- functions of components ----


def test_function_of_a_component_that_is_not_built(edit: Edit) -> None:
    call = "esp_http_client_init(0);"
    text = edit.refused("void *esp_http_client_init(const void *config);\n", call)
    assert re.search(r"reloadable\.c:\d+: reloadable_hello needs 'esp_http_client_init'", text)
    assert "Component esp_http_client declares it (esp_http_client.h): add esp_http_client" in text
    assert f"to the REQUIRES in {edit.project.directory / CMAKE}" in text
    assert "run: idf.py build flash" in text
    text = edit.refused('#include "esp_http_client.h"\n', call)
    assert "esp_http_client.h: No such file" in text
    assert "esp_http_client.h belongs to component esp_http_client: add esp_http_client" in text


def test_function_that_the_firmware_does_not_use(project: IdfProject) -> None:
    """It is named with its component, and after what the message says it is there."""
    project.run("build")
    edit = Edit(project)
    call = "(void)esp_timer_dump(stdout);"
    text = edit.refused("int esp_timer_dump(FILE *stream);\n", call)
    assert re.search(r"reloadable\.c:\d+: reloadable_hello needs 'esp_timer_dump'", text)
    assert "Component esp_timer has it (libesp_timer.a(esp_timer.c" in text
    assert f"add esp_timer to the REQUIRES in {project.directory / CMAKE}" in text
    with project.changed(CMAKE, "PRIV_REQUIRES esp_system", "PRIV_REQUIRES esp_system esp_timer"):
        with project.changed(RELOADABLE, FIRST, f'#include "esp_timer.h"\n{FIRST}'):
            with project.changed(RELOADABLE, GREETING, f"    {call}\n{GREETING}"):
                assert project.steps() >= {"cmake", "module object", "firmware", "module"}


# ---- the interface ----


def test_interface_that_the_firmware_does_not_know(project: IdfProject) -> None:
    """What the firmware calls must stay as it is; what it does not call may change."""
    path, main = project.directory / MATH, project.directory / MAIN
    path.write_text(path.read_text() + POINTS)
    project.run("build")
    with project.changed(MATH, "int scale)", "int scale, int offset)"):
        assert "nothing listens at http://127.0.0.1:9" in project.fail("reload", **NOWHERE)
    begin = "void app_main(void)\n{\n"
    main.write_text(main.read_text().replace(begin, DECLARATION + begin + CALL))
    project.run("build")
    function, structure = "reloadable_sum() has changed", "The layout of struct point has changed"
    changes = [
        ("int scale)", "int scale, int offset)", function, "point *, int, int)"),
        ("int reloadable_sum", "long long reloadable_sum", function, "new: long long int"),
        ("    int y;", "    int y;\n    int z;", structure, "new: +8 int z"),
        ("    int x;", "    char x;", structure, "new: +0 char x"),
    ]
    for old, new, what, how in changes:
        with project.changed(MATH, old, new):
            text = project.fail("reload", **NOWHERE)
        assert what in text and how in text
        assert "To use the new one, run: idf.py build flash" in text
        assert "Not reloaded" in text and "127.0.0.1:9" not in text
    with project.changed(MATH, "scale * (", "2 * scale * ("):
        assert "nothing listens at http://127.0.0.1:9" in project.fail("reload", **NOWHERE)
