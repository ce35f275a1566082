"""The sources are formatted and typed, and generated files are current.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import sys

from checked import ROOT, list_files, passes


def test_c_code_is_formatted() -> None:
    passes("clang-format", "--dry-run", "-Werror", *list_files("*.c", "*.h"))


def test_api_md_is_what_the_header_says() -> None:
    api = passes(sys.executable, "scripts/make_api.py", "include/hotreload.h")
    assert api == (ROOT / "API.md").read_text(encoding="utf-8"), "run: make api"


def test_python_is_typed() -> None:
    passes(sys.executable, "-m", "mypy", "tools/hotreload", "scripts", "bench")


def test_python_follows_its_style() -> None:
    passes(sys.executable, "-m", "flake8", "tools", "scripts", "bench")
    # Tables of sources in tests may be wide.
    passes(sys.executable, "-m", "flake8", "--select=F", "test")
