"""Notices changed source files: by inotify through watchdog where it is there, else by polling.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import threading
import time
from typing import Callable, Dict, List, Optional, Tuple

from hotreload.errors import ToolError

_SUFFIXES = (
    ".c .cc .cpp .cxx .c++ .h .hh .hpp .hxx .h++ .s .S .asm .inc .inl .ipp .tpp .def .cmake"
).split()
_NAMES = ("CMakeLists.txt", "Kconfig")
# Opening and reading a file are events, too: the compiler does both.
_CHANGES = ("created", "modified", "moved", "deleted", "closed")
_POLL_SECONDS = 0.3

Callback = Callable[[str], None]
_Stamp = Tuple[int, int, int]


def is_source(path: str) -> bool:
    """True for what a component is compiled from, not for an editor's temporary files."""
    name = os.path.basename(path)
    if name.startswith((".", "#")):
        return False
    return name in _NAMES or os.path.splitext(name)[1] in _SUFFIXES


def start_watching(directories: List[str], callback: Callback) -> str:
    """Starts a thread that calls back with changed paths; returns in words how it does."""
    for directory in directories:
        if not os.path.isdir(directory):
            raise ToolError(f"cannot watch {directory}: no such directory; run CMake again")
    reason = _start_observer(directories, callback)
    if reason is None:
        return "notified by the system"
    _start_polling(directories, callback)
    return f"every {_POLL_SECONDS} s: {reason}"


def _start_observer(directories: List[str], callback: Callback) -> Optional[str]:
    """Returns None, or why there is no observer."""
    try:
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer
    except ImportError:
        return "the Python package watchdog is not installed"

    class Handler(FileSystemEventHandler):
        """Passes on the paths of changes."""

        def on_any_event(self, event: FileSystemEvent) -> None:
            if event.event_type in _CHANGES and not event.is_directory:
                callback(os.fsdecode(getattr(event, "dest_path", "") or event.src_path))

    observer = Observer()
    observer.daemon = True
    try:
        for directory in directories:
            observer.schedule(Handler(), directory, recursive=True)
        observer.start()
    except OSError as error:
        return f"the system's notification fails: {error.strerror}"
    return None


def _start_polling(directories: List[str], callback: Callback) -> None:
    before = _scan(directories)

    def poll() -> None:
        known = before
        while True:
            time.sleep(_POLL_SECONDS)
            now = _scan(directories)
            for path in known.keys() | now.keys():
                if known.get(path) != now.get(path):
                    callback(path)
            known = now

    threading.Thread(target=poll, daemon=True).start()


def _scan(directories: List[str]) -> Dict[str, _Stamp]:
    """Time, size and inode of every source file: a replaced file has another inode."""
    found: Dict[str, _Stamp] = {}
    for directory in directories:
        for root, _, names in os.walk(directory):
            for path in (os.path.join(root, name) for name in names if is_source(name)):
                try:
                    status = os.stat(path)
                except OSError:
                    continue  # Gone since the directory was read.
                found[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return found
