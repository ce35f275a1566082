"""Writes API.md from the comments of the public header.

Every declaration of include/hotreload.h has a comment in front of it; this prints each declaration
with its comment as Markdown. `make test` checks that API.md is what this prints.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Iterator, List, Tuple

INTRODUCTION = """\
# API reference

Generated from [include/hotreload.h](include/hotreload.h) by `make api`; edit the header, not this page.

Error codes are those of ESP-IDF. "A safe point" is a moment when no reloadable function is on any
task's call stack, suspended tasks included: see [HOW_IT_WORKS.md](HOW_IT_WORKS.md).
"""  # noqa: E501


def strip_comment(comment: str) -> List[str]:
    """The lines of a /** */ comment without its stars."""
    text = comment[3:-2]
    return [re.sub(r"^\s*\* ?", "", line).rstrip() for line in text.strip("\n").splitlines()]


def to_markdown(lines: List[str]) -> str:
    """Turns the tags of a comment into Markdown."""
    out: List[str] = []
    for line in lines:
        line = re.sub(r"^\s*@brief ", "", line)
        if line.startswith("@return"):
            line = re.sub(r"^@return\s*", "**Returns** ", line).rstrip()
            if out and out[-1]:
                out.append("")
        elif line.startswith("@param"):
            line = re.sub(r"^@param\s+(\S+)\s+", r"- `\1`: ", line)
            if out and out[-1] and not out[-1].startswith("- `"):
                out.append("")
        elif re.match(r"\s+- ", line):
            if out and out[-1].startswith("**Returns**"):
                out.append("")
            line = re.sub(r"^\s+- ([A-Z_, ]+):", r"- `\1`:", line)
        elif out and (out[-1].startswith("- `") or re.match(r"\s{2,}\S", out[-1])) and line:
            line = "  " + line.strip()
        out.append(line)
    return "\n".join(out).strip()


def declarations(header: str) -> Iterator[Tuple[str, str]]:
    """Pairs of comment and declaration, in order."""
    pattern = re.compile(r"/\*\*(?:[^*]|\*(?!/))*\*/\s*\n"
                         r"(?=(typedef|#define|esp_err_t|bool|void|const char|extern))")
    for match in pattern.finditer(header):
        rest = header[match.end():]
        if match.group(1) == "#define":
            end = re.search(r"(?<!\\)\n", rest)
        elif match.group(1) == "typedef":
            end = re.search(r"^\} \w+;\n", rest, re.MULTILINE)
        else:
            end = re.search(r";\n", rest)
        assert end is not None, rest[:60]
        yield match.group(0).strip(), rest[:end.end()].rstrip()


def title(declaration: str) -> str:
    """The name that a declaration declares."""
    for pattern in (r"^#define (\w+)", r"^\} (\w+);", r"^extern .*\b(\w+);$", r"(\w+)\("):
        match = re.search(pattern, declaration, re.MULTILINE)
        if match:
            return match.group(1)
    raise ValueError(f"no name in {declaration!r}")


def main() -> None:
    header = Path(sys.argv[1]).read_text()
    print(INTRODUCTION)
    for comment, declaration in declarations(header):
        print(f"## {title(declaration)}\n")
        print(f"```c\n{declaration}\n```\n")
        print(to_markdown(strip_comment(comment)) + "\n")


if __name__ == "__main__":
    main()
