"""Sentences for the numbers that a firmware with CONFIG_HOTRELOAD_SHORT_MESSAGES gives.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Dict, Iterator, Tuple

# The component that these tools are part of. A Python package of the tools alone has no sources.
_SOURCES = Path(__file__).resolve().parents[3] / "src"

_LITERAL = r'"(?:[^"\\]|\\.)*"'
_CALL = re.compile(rf"hotreload_fail\(\s*[^,;]*,[^,;]*,\s*({_LITERAL}(?:\s*{_LITERAL})*)")
_NUMBER = re.compile(r"\bmessage (\d+)\b")


def number_of(text: str) -> int:
    """The number of a message, as src/message_number.h computes it."""
    return sum(
        code * 40503 * (i + 1) ** 2 for i, code in enumerate(text.encode()[:64])
    ) & 0xFFFF


def find_messages() -> Iterator[Tuple[int, str]]:
    """Number and text of each message in the sources of the component."""
    for source in sorted(_SOURCES.rglob("*.c")):
        for call in _CALL.finditer(source.read_text(encoding="utf-8")):
            text = "".join(one[1:-1] for one in re.findall(_LITERAL, call.group(1)))
            text = text.replace('\\"', '"')
            yield number_of(text), text


@functools.lru_cache(maxsize=None)
def _messages() -> Dict[int, str]:
    return dict(find_messages())


def spell_out(text: str) -> str:
    """The text, with the sentence behind each number that is known."""

    def add_sentence(match: "re.Match[str]") -> str:
        sentence = _messages().get(int(match.group(1)))
        if sentence is None:
            return match.group()
        return f"{match.group()} ({re.sub('%[^a-z]*[a-z]', '...', sentence)})"

    return _NUMBER.sub(add_sentence, text)
