"""`secret`: made once, private, the same in both files.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
import stat

from project import Project
from toolchains import run


def test_same_bytes_in_both_files(riscv: Project) -> None:
    riscv.tool("secret", "--output-dir", str(riscv.out))
    key = bytes.fromhex((riscv.out / "secret.key").read_text().strip())
    assert len(key) == 32
    output = riscv.root / "secret.o"
    chain = riscv.toolchain
    strict = ["-ffreestanding", "-std=c11", "-Wall", "-Wextra", "-Werror"]
    source = str(riscv.out / "secret.c")
    run([chain.compiler, *chain.flags, *strict, "-c", source, "-o", str(output)])
    assert output.read_bytes().count(key) == 1


def test_kept_and_private(riscv: Project) -> None:
    riscv.tool("secret", "--output-dir", str(riscv.out))
    files = [riscv.out / "secret.key", riscv.out / "secret.c"]
    before = [(f.read_bytes(), f.stat().st_mtime_ns) for f in files]
    riscv.tool("secret", "--output-dir", str(riscv.out))
    assert [(f.read_bytes(), f.stat().st_mtime_ns) for f in files] == before
    assert [stat.S_IMODE(f.stat().st_mode) for f in files] == [0o600, 0o600]


def test_source_is_made_again_from_the_key(riscv: Project) -> None:
    (riscv.out / "secret.key").write_text("ab" * 32)
    riscv.tool("secret", "--output-dir", str(riscv.out))
    values = re.findall(r"0x[0-9a-f]{2}", (riscv.out / "secret.c").read_text())
    assert values == ["0xab"] * 32


def test_every_directory_has_its_own(riscv: Project) -> None:
    for name in ("a", "b"):
        riscv.tool("secret", "--output-dir", str(riscv.root / name))
    keys = [(riscv.root / name / "secret.key").read_text() for name in ("a", "b")]
    assert keys[0] != keys[1]


def test_damaged_key(riscv: Project) -> None:
    for text in ("", "ab" * 31, "zz" * 32, "\u00e4"):
        (riscv.out / "secret.key").write_text(text)
        message = riscv.fail("secret", "--output-dir", str(riscv.out))
        assert "secret.key" in message and ("64 hex digits" in message or "cannot read" in message)


def test_directory_that_cannot_be_made(riscv: Project) -> None:
    file = riscv.write("file", "")
    assert "cannot make the directory" in riscv.fail("secret", "--output-dir", f"{file}/x")
