"""Checks the documents against the tree: the messages that are explained, and where links lead.

docs/troubleshooting.md has a row for each message of the tools and the device. Its first cell has
words of the message as code, `...` for what differs. So that it cannot rot, each of these words must
be in a message, and each message must have a row.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List, NamedTuple, Set

ROOT = Path(__file__).resolve().parent.parent
TROUBLESHOOTING = ROOT / "docs" / "troubleshooting.md"

_C_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s+(?:PRI\w+\s+|HOTRELOAD_\w+\s+)?"(?:[^"\\\n]|\\.)*")*')
_CMAKE_MESSAGE = re.compile(r"message\((?:FATAL_ERROR|WARNING)\s+((?:\"(?:[^\"\\]|\\.)*\"\s*)+)\)")
_NOT_SHOWN = re.compile(r"^\{|^,\"|^\.section|^HTTP/")
_FEWEST_MESSAGES = 150  # So that a rename cannot make this check look at nothing.


class Text(NamedTuple):
    """A string of the sources; `must_explain`: it is an error's message."""

    file: str
    text: str
    must_explain: bool


def tracked(*patterns: str) -> List[Path]:
    """The files of the project that match."""
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    return [ROOT / line for line in listed.splitlines()]


# ---- Messages ----


def _error_classes(trees: List[ast.Module]) -> Set[str]:
    """Names of ToolError and of all classes that derive from it."""
    bases = {node.name: {b.id for b in node.bases if isinstance(b, ast.Name)}
             for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    found = {"ToolError", "_Refused"}
    while True:
        more = {name for name, of in bases.items() if of & found} - found
        if not more:
            return found
        found |= more


def _constant(node: ast.AST) -> str:
    """A string in the source; what is put in is left as `*`."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else "*"
    if isinstance(node, ast.JoinedStr):
        return "".join(_constant(value) for value in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _constant(node.left) + _constant(node.right)
    return "*"


def _python_texts() -> Iterator[Text]:
    files = tracked("tools/*.py")
    trees = [ast.parse(path.read_text()) for path in files]
    errors = _error_classes(trees)
    for path, tree in zip(files, trees):
        name = str(path.relative_to(ROOT))
        for node in ast.walk(tree):
            if isinstance(node, (ast.Constant, ast.JoinedStr)):
                yield Text(name, _constant(node), False)
            elif isinstance(node, ast.Call) and node.args:
                called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if called in errors:
                    yield Text(name, _constant(node.args[0]), True)


def _c_texts() -> Iterator[Text]:
    for path in tracked("src/*.[ch]", "port/esp_idf/*.[ch]", "port/emulator/*.[ch]"):
        source = re.sub(r"/\*.*?\*/", " ", path.read_text(), flags=re.DOTALL)
        source = re.sub(r"^\s*#\s*include .*$", "", source, flags=re.MULTILINE)
        for match in _C_STRING.finditer(source):
            text = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', match.group(0))).replace('\\"', '"')
            called = re.search(r"(\w+)\((?:[^()\";]|\([^()]*\))*$", source[:match.start()][-200:])
            is_info = "LOG_INFO" in source[:match.start()][-60:]
            yield Text(str(path.relative_to(ROOT)), text,
                       "emulator" not in str(path) and not is_info
                       and len(re.findall(r"[a-z]{2,}", text)) > 2
                       and not _NOT_SHOWN.match(text)
                       and not (called and called.group(1) in ("_Static_assert", "hotreload_json_raw")))


def _cmake_texts() -> Iterator[Text]:
    for path in tracked("cmake/*.cmake", "port/*.cmake", "*/CMakeLists.txt", "CMakeLists.txt"):
        source, name = path.read_text(), str(path.relative_to(ROOT))
        for match in _CMAKE_MESSAGE.finditer(source):
            text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', match.group(1)))
            yield Text(name, text, name.startswith("cmake/") and "${text}" != text)
        for text in re.findall(r'"((?:[^"\\]|\\.)*)"', source):
            yield Text(name, text, False)


def texts() -> List[Text]:
    """All strings that the tools, the build and the device have."""
    return [text._replace(text=" ".join(text.text.split()))
            for text in (*_python_texts(), *_c_texts(), *_cmake_texts()) if text.text.strip()]


def keys() -> List[str]:
    """What troubleshooting.md explains."""
    rows = [line for line in TROUBLESHOOTING.read_text().splitlines() if line.startswith("| `")]
    return [key for row in rows for key in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


def _pattern(key: str) -> "re.Pattern[str]":
    return re.compile(".*".join(re.escape(part) for part in key.split("...")), re.IGNORECASE)


def check_messages() -> List[str]:
    """What is explained and not said, and what is said and not explained."""
    known = texts()
    patterns = {key: _pattern(key) for key in keys()}
    problems = [f"docs/troubleshooting.md explains `{key}`, which nothing says"
                for key, pattern in patterns.items()
                if not any(pattern.search(one.text) for one in known)]
    messages = [one for one in known if one.must_explain and re.search("[a-z]", one.text)]
    if len(messages) < _FEWEST_MESSAGES:
        problems.append(f"only {len(messages)} messages were found in the sources")
    for one in dict.fromkeys(messages):
        if not any(pattern.search(one.text) for pattern in patterns.values()):
            problems.append(f"{one.file}: docs/troubleshooting.md does not explain '{one.text}'")
    return problems


# ---- Links ----


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    words = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def check_links() -> List[str]:
    """Links of documents that lead nowhere."""
    problems = []
    for path in tracked("*.md"):
        text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            file = (path.parent / name).resolve() if name else path
            where = f"{path.relative_to(ROOT)}: {target}"
            if ROOT not in file.parents and file != ROOT:
                problems.append(f"{where} is outside the project")
            elif not file.exists():
                problems.append(f"{where} does not exist")
            elif anchor:
                headings = re.findall(r"^#+ (.*)$", file.read_text(), flags=re.MULTILINE)
                if anchor not in map(_anchor, headings):
                    problems.append(f"{where}: there is no such heading")
    return problems


def main() -> int:
    problems = check_messages() + check_links()
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
