"""hotreload.json: what CMake tells the tools about a build.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import os
import shutil
from typing import Any, Dict, List, NamedTuple, Optional

from hotreload.errors import FlashNeeded, ToolError
from hotreload.files import open_text
from hotreload.module.arch import ARCHITECTURES
from hotreload.module.module_format import CHIP_EMULATOR

FORMAT = 1
_NAME = os.path.join("hotreload", "hotreload.json")


class Description(NamedTuple):
    """The fields of hotreload.json; paths are absolute."""

    path: str
    project: str
    arch: str
    chip: int
    abi: int
    identity: str
    build_dir: str
    source_dir: str
    ninja: str
    objects_target: str
    objects: List[str]
    firmware_elf: str
    firmware_target: str
    exports: str
    compiler: Optional[str]
    compiler_flags: List[str]
    linker: str
    linker_flags: List[str]
    libraries: List[str]
    c_library: Optional[str]
    text_readable: bool
    module_elf: str
    module: str
    partition_image: str
    partition_size: int
    secret: str
    exceptions: bool
    watch_dirs: List[str]
    url: Optional[str]

    @property
    def directory(self) -> str:
        """Where the tools write: build/hotreload."""
        return os.path.dirname(self.module_elf)

    def path_of(self, name: str) -> str:
        """The absolute path of what ninja names."""
        return os.path.normpath(os.path.join(self.build_dir, name))

    @property
    def whole_build(self) -> str:
        """What the user does to get a new firmware onto the device."""
        if self.chip != CHIP_EMULATOR:
            return "run: idf.py build flash"
        return f"build '{self.firmware_target}' again and flash it (restart the emulated board)"


class NoModule(FlashNeeded):
    """The build has no module. Names what it takes to run CMake, which finds out whether it has
    one by now."""

    def __init__(self, path: str, content: Dict[str, Any]) -> None:
        super().__init__(
            f"{_text(path, content, 'no_module').rstrip('.')}; then build the firmware and flash "
            "it (idf.py build flash)"
        )
        self.build_dir = _text(path, content, "build_dir")
        self.ninja = _text(path, content, "ninja")
        _check_place(path, self.build_dir)


def find_program(name: str, compiler: Optional[str]) -> Optional[str]:
    """A program of the same toolchain as a compiler; there need not be such a file.

    A wrapper of the compiler, as those in /usr/lib/ccache, lies in a folder without it, and
    ESP-IDF has GDB in a folder of its own.
    """
    start, gcc, suffix = (compiler or "").rpartition("gcc")
    if not gcc or suffix not in ("", ".exe"):
        return None
    beside = f"{start}{name}{suffix}"
    if os.path.exists(beside):
        return beside
    return shutil.which(os.path.basename(beside)) or beside


_PATHS = {"build_dir", "source_dir", "ninja", "objects", "firmware_elf", "exports", "compiler",
          "linker", "libraries", "c_library", "module_elf", "module", "partition_image", "secret",
          "watch_dirs"}  # fmt: skip
_CHOICES = {"arch": ARCHITECTURES, "identity": ("build-id", "sha256")}
_TYPES: Dict[str, type] = {
    "str": str,
    "int": int,
    "bool": bool,
    "List[str]": list,
    "Optional[str]": str,
}


def load_description(place: str) -> Description:
    """Reads hotreload.json; `place` is that file or the build directory. Raises NoModule, too."""
    path = os.path.join(place, _NAME) if os.path.isdir(place) else place
    try:
        with open_text(path) as file:
            content = json.load(file, strict=False)  # CMake does not escape tabs.
    except OSError as error:
        raise ToolError(
            f"cannot read {path}: {error.strerror}; build the project first, or say where its "
            "build directory is with --build (idf.py: -B)"
        ) from error
    except ValueError as error:
        raise ToolError(f"{path} is not JSON ({error}); run CMake again") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ToolError(f"{path} is not of format {FORMAT}: run CMake of this version of hotreload")
    if "no_module" in content:
        raise NoModule(path, content)
    fields = {name: _field(path, content, name) for name in Description._fields if name != "path"}
    _check_place(path, fields["build_dir"])
    return Description(path=path, **{name: _native(name, fields[name]) for name in fields})


def _native(name: str, value: Any) -> Any:
    """CMake's paths have slashes on Windows, too; all others there have backslashes."""
    if name not in _PATHS or value is None:
        return value
    if isinstance(value, list):
        return [path.replace("/", os.sep) for path in value]
    return value.replace("/", os.sep)


def _check_place(path: str, build_dir: str) -> None:
    """A copied build directory names the files of the first one, whose code would be sent."""
    paths = (os.path.abspath(path), os.path.realpath(path))
    if not any(_is_same(os.path.dirname(os.path.dirname(one)), build_dir) for one in paths):
        raise ToolError(
            f"{path} was made for {build_dir}: this build directory was copied or moved. Remove "
            "it and build again"
        )


def _is_same(directory: str, other: str) -> bool:
    try:
        return os.path.samefile(directory, other)
    except OSError:
        return False  # One of them is gone.


def _text(path: str, content: Dict[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise ToolError(f"{path}: '{name}' is missing or not of type str; run CMake again")
    return value


def _field(path: str, content: Dict[str, Any], name: str) -> Any:
    value = content.get(name)
    annotation = Description.__annotations__[name]
    text = annotation.__forward_arg__ if hasattr(annotation, "__forward_arg__") else str(annotation)
    if value is None and text.startswith("Optional"):
        return None
    expected = _TYPES[text]
    good = isinstance(value, expected) and (expected is bool or not isinstance(value, bool))
    if good and isinstance(value, list):
        good = all(isinstance(item, str) for item in value)
    if not good:
        raise ToolError(f"{path}: '{name}' is missing or not of type {text}; run CMake again")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise ToolError(f"{path}: '{name}' is '{value}', not one of {', '.join(_CHOICES[name])}")
    return value
