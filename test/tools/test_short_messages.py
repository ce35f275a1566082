"""CONFIG_HOTRELOAD_SHORT_MESSAGES: the tools show the sentence of a number.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from hotreload.commands.decode import Decoder
from hotreload.commands.placed import Placements
from hotreload.device.messages import find_messages, number_of, spell_out
from hotreload.device.protocol import DeviceError, read_answer

SRC = Path(__file__).resolve().parents[2] / "src"
EMPTY = "the body is empty, or its Content-Length is malformed"


def test_no_two_messages_have_one_number() -> None:
    messages = set(find_messages())
    assert len(messages) > 40
    assert len({number for number, _ in messages}) == len(messages)


def test_the_compiler_computes_the_same_numbers(tmp_path: Path) -> None:
    """Of every message, and without the texts in the object file."""
    messages = sorted(set(find_messages()))
    calls = "".join(
        f'    hotreload_fail(&reason, 1, {json.dumps(text)}); puts(reason.text);\n'.replace(
            "%", "%%") for _, text in messages)
    source = tmp_path / "numbers.c"
    source.write_text('#include <stdio.h>\n#include "reason.h"\nint main(void)\n{\n'
                      f'    hotreload_reason_t reason;\n{calls}    return 0;\n}}\n')
    program = tmp_path / "numbers"
    root = SRC.parent
    subprocess.run(["cc", "-std=c11", "-O0", "-w", "-DHOTRELOAD_SHORT_MESSAGES", f"-I{SRC}",
                    f"-I{root / 'include'}", f"-I{root / 'port/emulator/include'}", str(source),
                    str(SRC / "reason.c"), "-o", str(program)], check=True)
    printed = subprocess.run([str(program)], check=True, stdout=subprocess.PIPE, text=True).stdout
    expected = [f"message {number_of(text.replace('%', '%%'))}" for _, text in messages]
    assert printed.splitlines() == expected
    assert EMPTY.encode() not in program.read_bytes()


def test_a_refusal_has_the_sentence() -> None:
    body = json.dumps({"status": "error", "error": f"message {number_of(EMPTY)}"}).encode()
    with pytest.raises(DeviceError, match=rf"message \d+ \({EMPTY}\)"):
        read_answer("http://board", 400, body)


def test_values_that_are_not_there_are_left_out() -> None:
    text = "built for chip %u, ABI %u; the firmware is for chip %u, ABI %u"
    assert "(built for chip ..., ABI ...; the" in spell_out(f"message {number_of(text)}")


def test_a_number_that_is_not_known_stays() -> None:
    unknown = next(n for n in range(1 << 16) if n not in dict(find_messages()))
    assert spell_out(f"load failed: message {unknown}") == f"load failed: message {unknown}"


def test_the_monitor_explains_a_line() -> None:
    decoder = Decoder(None, Placements())  # type: ignore[arg-type]  # a line without addresses
    line = f"E (99) hotreload: upload refused (400): message {number_of(EMPTY)}"
    assert any(EMPTY in explanation for explanation in decoder.decode(line))
