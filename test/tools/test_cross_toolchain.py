"""Where the compiler of the emulated Xtensa board is looked for.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from pathlib import Path

import cross_toolchain
import pytest


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the compiler."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("HOTRELOAD_TOOLCHAINS", raising=False)
    monkeypatch.setattr(cross_toolchain, "_ARCHIVE", tmp_path / "archive.tar.xz")


def compiler_in(folder: Path) -> Path:
    """Puts something that passes for the compiler into a folder of toolchains."""
    path = folder / cross_toolchain.NAME / "bin" / cross_toolchain.COMPILER
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def make_archive(path: Path) -> None:
    """An archive with the same."""
    with tarfile.open(str(path), "w:xz") as archive:
        name = f"{cross_toolchain.NAME}/bin/{cross_toolchain.COMPILER}"
        entry = tarfile.TarInfo(name)
        entry.mode = 0o755
        entry.size = 10
        archive.addfile(entry, io.BytesIO(b"#!/bin/sh\n"))


def found() -> str:
    path = shutil.which(cross_toolchain.COMPILER)
    assert path is not None
    return path


def test_nowhere(tmp_path: Path) -> None:
    before = os.environ["PATH"]
    assert not cross_toolchain.add_to_path(tmp_path / "build")
    assert os.environ["PATH"] == before
    assert not (tmp_path / "build").exists()


def test_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = compiler_in(tmp_path)
    monkeypatch.setenv("PATH", str(path.parent))
    assert cross_toolchain.add_to_path()
    assert os.environ["PATH"] == str(path.parent)


def test_in_the_named_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = compiler_in(tmp_path / "named")
    monkeypatch.setenv("HOTRELOAD_TOOLCHAINS", str(tmp_path / "named"))
    assert cross_toolchain.add_to_path()
    assert found() == str(path)


def test_archive_is_unpacked_once(tmp_path: Path) -> None:
    make_archive(tmp_path / "archive.tar.xz")
    assert not cross_toolchain.add_to_path(), "nothing is unpacked without a build folder"
    assert cross_toolchain.add_to_path(tmp_path / "build")
    compiler = tmp_path / "build" / "toolchains" / cross_toolchain.NAME / "bin"
    assert found() == str(compiler / cross_toolchain.COMPILER)
    assert [p.name for p in (tmp_path / "build" / "toolchains").iterdir()] == [cross_toolchain.NAME]
    (tmp_path / "archive.tar.xz").write_bytes(b"damaged since")
    os.environ["PATH"] = str(tmp_path)
    assert cross_toolchain.add_to_path(tmp_path / "build")


def test_interrupted_unpacking_leaves_nothing(tmp_path: Path) -> None:
    archive = tmp_path / "archive.tar.xz"
    make_archive(archive)
    archive.write_bytes(archive.read_bytes()[:100])
    with pytest.raises((EOFError, tarfile.TarError)):
        cross_toolchain.add_to_path(tmp_path / "build")
    assert list((tmp_path / "build" / "toolchains").iterdir()) == []
