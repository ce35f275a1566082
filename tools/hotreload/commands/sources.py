"""Notices changed source files: by inotify through watchdog where it is there, else by polling.

The system reports changes in the directories of the components, where new files count as well. The
other files that the module is made from are polled, because they may be elsewhere or
behind symbolic links.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import threading
import time
from typing import Callable, Dict, Iterable, List, Optional, Tuple

from hotreload.errors import ToolError

_SUFFIXES = (
    ".c .cc .cpp .cxx .c++ .h .hh .hpp .hxx .h++ .s .S .asm .inc .inl .ipp .tpp .def .cmake"
).split()
_NAMES = ("CMakeLists.txt", "Kconfig")
# Opening and reading a file are events, too: the compiler does both.
_CHANGES = ("created", "modified", "moved", "deleted", "closed")
_POLL_SECONDS = 0.3
_POLL_SHARE = 50  # polling takes at most 1/50 of the time, however many files there are

Callback = Callable[[str], None]
_Stamp = Optional[Tuple[int, ...]]


def is_source(path: str) -> bool:
    """True for sources and headers of a component; false for an editor's temporary files."""
    name = os.path.basename(path)
    if name.startswith((".", "#")):
        return False
    return name in _NAMES or os.path.splitext(name)[1] in _SUFFIXES


class Sources:
    """Calls back with changed paths, from its own threads; `means` says how it notices them."""

    def __init__(self, directories: List[str], build_dir: str, callback: Callback) -> None:
        for directory in directories:
            if not os.path.isdir(directory):
                raise ToolError(f"cannot watch {directory}: no such directory; run CMake again")
        self._build = os.path.join(build_dir, "")
        self._callback = callback
        self._lock = threading.Lock()
        self._known: Dict[str, _Stamp] = {}
        self._names: Dict[str, str] = {}  # Other names of known files that events may use.
        reason = _start_observer(directories, self._note)
        self.means = "notified by the system"
        if reason is not None:
            self.means = f"every {_POLL_SECONDS} s: {reason}"
        scanned = directories if reason is not None else []
        before = self._scan(scanned)
        threading.Thread(target=self._poll, args=(scanned, before), daemon=True).start()

    def follow(self, paths: Iterable[str], since: Optional[int] = None) -> None:
        """Watches exactly these files from now on; new ones as they were at `since`, in ns."""
        known: Dict[str, _Stamp] = {}
        names: Dict[str, str] = {}
        for path in paths:
            stamp = _stamp(path)
            # A file that replaced it may have an old time stamp, but its ctime is new.
            is_late = since is not None and stamp is not None and stamp[1] > since
            known[path] = None if is_late else stamp
            names[os.path.normpath(path)] = names[os.path.realpath(path)] = path
        with self._lock:
            known.update((path, s) for path, s in self._known.items() if path in known)
            self._known, self._names = known, names

    def _note(self, path: str) -> None:
        """Takes an event in one of the directories."""
        known = path if path in self._known else self._names.get(path)
        if known is not None:
            self._look_at(known)
        elif is_source(path) and not path.startswith(self._build):
            self._callback(path)

    def _look_at(self, path: str) -> None:
        stamp = _stamp(path)
        with self._lock:
            if path not in self._known or self._known[path] == stamp:
                return
            self._known[path] = stamp
        self._callback(path)

    def _poll(self, scanned: List[str], before: Dict[str, _Stamp]) -> None:
        pause = _POLL_SECONDS
        while True:
            time.sleep(pause)
            begun = time.monotonic()
            for path in list(self._known):
                self._look_at(path)
            now = self._scan(scanned)
            for path in before.keys() | now.keys():
                if before.get(path) != now.get(path):
                    self._note(path)
            before = now
            pause = max(_POLL_SECONDS, _POLL_SHARE * (time.monotonic() - begun))

    def _scan(self, directories: List[str]) -> Dict[str, _Stamp]:
        """The stamps of all source files there."""
        paths = (
            os.path.join(root, name)
            for directory in directories
            for root, _, names in os.walk(directory)
            for name in names
            if is_source(name)
        )
        return {path: _stamp(path) for path in paths}


def _stamp(path: str) -> _Stamp:
    """Times, size and inode: a replaced file has another inode. None: there is no such file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def linked_directories(directories: List[str], files: Iterable[str]) -> List[str]:
    """Targets of symbolic links in the directories that have some of the files."""
    found = {
        os.path.realpath(os.path.join(root, name))
        for directory in directories
        for root, names, _ in os.walk(directory)
        for name in names
        if os.path.islink(os.path.join(root, name))
    }
    places = {os.path.realpath(path) for path in files}
    return sorted(d for d in found if any(p.startswith(os.path.join(d, "")) for p in places))


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
