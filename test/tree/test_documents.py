"""Checks the documents against the tree: the messages that are explained, and where links lead.

docs/troubleshooting.md has a row for each message of the tools and the device. Its first cell has
words of the message as code, `...` for what differs. So that it cannot rot, each of these words
must be in a message, and each message must have a row.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Iterator, List, NamedTuple, Set

from checked import ROOT, list_files

TROUBLESHOOTING = ROOT / "docs" / "troubleshooting.md"

_C_STRING = re.compile(
    r'"(?:[^"\\\n]|\\.)*"(?:\s+(?:PRI\w+\s+|HOTRELOAD_\w+\s+)?"(?:[^"\\\n]|\\.)*")*'
)
_CMAKE_MESSAGE = re.compile(r"message\((?:FATAL_ERROR|WARNING)\s+((?:\"(?:[^\"\\]|\\.)*\"\s*)+)\)")
_NOT_SHOWN = re.compile(r"^\{|^\"?,\"|^\.section|^HTTP/")
_FEWEST_MESSAGES = 150  # So that a rename cannot make this check look at nothing.


class Text(NamedTuple):
    """A string of the sources; `must_explain`: it is an error's message."""

    file: str
    text: str
    must_explain: bool


def tracked(*patterns: str) -> List[Path]:
    """The files of the project that match."""
    return [ROOT / name for name in list_files(*patterns)]


# ---- Messages ----


def _error_classes(trees: List[ast.Module]) -> Set[str]:
    """Names of ToolError, of what refuses a patch, and of all classes that derive from them."""
    bases = {node.name: {b.id for b in node.bases if isinstance(b, ast.Name)}
             for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    found = {"ToolError", "_Refused", "NeedsWhole"}
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


def _is_shown(text: str, before: str) -> bool:
    """Whether a string of the C code is a message that may puzzle somebody: three words or more."""
    words = re.findall(r"[a-z]{2,}", text)
    return len(words) > 2 and "LOG_INFO" not in before[-60:] and not _NOT_SHOWN.match(text)


def _c_texts() -> Iterator[Text]:
    for path in tracked("src/*.[ch]", "port/*.[ch]"):
        name = str(path.relative_to(ROOT))
        source = re.sub(r"/\*.*?\*/", " ", path.read_text(), flags=re.DOTALL)
        source = re.sub(r"^#(include|(el)?if) .*$", "", source, flags=re.MULTILINE)
        source = re.sub(r"_Static_assert\(.*?\);", "", source, flags=re.DOTALL)
        for match in _C_STRING.finditer(source):
            text = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', match.group(0))).replace('\\"', '"')
            is_shown = _is_shown(text, source[: match.start()])
            yield Text(name, text, is_shown and not name.startswith("port/emulator/"))


def _cmake_texts() -> Iterator[Text]:
    for path in tracked("project_include.cmake", "cmake/*.cmake", "port/*.cmake", "*/CMakeLists.txt", "CMakeLists.txt"):
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


def test_every_explained_message_exists() -> None:
    known = "\n".join(one.text for one in texts())
    gone = [key for key in keys() if not _pattern(key).search(known)]
    assert not gone, f"docs/troubleshooting.md explains what nothing says: {gone}"


def test_every_message_is_explained() -> None:
    messages = {one for one in texts() if one.must_explain and re.search("[a-z]", one.text)}
    assert len(messages) > _FEWEST_MESSAGES, "where are the messages?"
    patterns = [_pattern(key) for key in keys()]
    missing = [f"{one.file}: {one.text}" for one in sorted(messages)
               if not any(pattern.search(one.text) for pattern in patterns)]
    assert not missing, "docs/troubleshooting.md has no row for:\n" + "\n".join(missing)


# ---- Links ----


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    words = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def _problem(path: Path, target: str) -> str:
    """Why a link leads nowhere; empty: it does not."""
    name, _, anchor = target.partition("#")
    file = (path.parent / name).resolve() if name else path
    if ROOT not in file.parents and file != ROOT:
        return "is outside the project"
    if not file.exists():
        return "does not exist"
    headings = re.findall(r"^#+ (.*)$", file.read_text(), flags=re.MULTILINE) if anchor else []
    return "has no such heading" if anchor and anchor not in map(_anchor, headings) else ""


def test_links_of_documents() -> None:
    problems = []
    for path in tracked("*.md"):
        text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            problem = "" if re.match("[a-z]+:", target) else _problem(path, target)
            if problem:
                problems.append(f"{path.relative_to(ROOT)}: {target} {problem}")
    assert not problems, "\n".join(problems)
