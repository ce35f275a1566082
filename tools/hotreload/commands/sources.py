"""Notices changed source files: by inotify through watchdog where it is there, else by polling.

The system reports changes in the directories of the components, where new files count as well. If
it cannot, they are polled often. The other files that the module is made from are always polled,
because they may be elsewhere or behind symbolic links.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

from hotreload.errors import ToolError
from hotreload.files import Stamp, find_stamp

_SUFFIXES = (
    ".c .cc .cpp .cxx .c++ .h .hh .hpp .hxx .h++ .s .S .asm .inc .inl .ipp .tpp .def .cmake"
).split()
_NAMES = ("CMakeLists.txt", "Kconfig")
# Opening and reading a file are events, too: the compiler does both.
_CHANGES = ("created", "modified", "moved", "deleted", "closed")
_DIRECTORY_SECONDS = 0.05
_FILE_SECONDS = 0.3
_POLL_SHARE = 50  # polling takes at most 1/50 of the time, however many files there are

Callback = Callable[[str], None]


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
        self._known: Dict[str, Optional[Stamp]] = {}
        self._names: Dict[str, str] = {}  # Other names of known files that events may use.
        self._targets: Dict[str, Tuple[Optional[Stamp], str]] = {}  # Where known files really are.
        self._scanned: List[str] = []
        self._seen: Dict[str, Optional[Stamp]] = {}
        self._is_polling = False
        self._observer = _Observer(self._note)
        self.watch(directories)
        reason = self._observer.reason
        self.means = "notified by the system"
        if reason is not None:
            self.means = f"every {_DIRECTORY_SECONDS} s: {reason}"
        _poll(self._look_at_files, _FILE_SECONDS)

    def watch(self, directories: List[str]) -> None:
        """Watches exactly these directories from now on, those that are there."""
        present = [directory for directory in directories if os.path.isdir(directory)]
        self._observer.watch(present)
        if self._observer.reason is not None:
            with self._lock:
                new = [directory for directory in present if directory not in self._scanned]
                self._seen.update(self._scan(new))
                self._scanned = present
            if not self._is_polling:
                self._is_polling = True
                _poll(self._look_at_directories, _DIRECTORY_SECONDS)

    def follow(self, paths: Iterable[str], since: Optional[int] = None) -> None:
        """Watches exactly these files from now on; new ones as they were at `since`, in ns."""
        known: Dict[str, Optional[Stamp]] = {}
        names: Dict[str, str] = {}
        for path in paths:
            stamp = find_stamp(path)
            # A file that replaced it may have an old time stamp, but its ctime is new.
            is_late = since is not None and stamp is not None and stamp[-1] > since
            known[path] = None if is_late else stamp
            names[os.path.normpath(path)] = names[self._target_of(path, stamp)] = path
        with self._lock:
            known.update((path, s) for path, s in self._known.items() if path in known)
            self._known, self._names = known, names

    def _target_of(self, path: str, stamp: Optional[Stamp]) -> str:
        """Resolves symbolic links, again only when they lead to another file."""
        target = self._targets.get(path)
        if target is None or target[0] != stamp:
            target = self._targets[path] = (stamp, os.path.realpath(path))
        return target[1]

    def look(self) -> None:
        """Looks at what is polled now, so that its changes do not come late."""
        self._look_at_files()
        self._look_at_directories()

    def _look_at_files(self) -> None:
        for path in list(self._known):
            self._look_at(path)

    def _look_at_directories(self) -> None:
        with self._lock:
            before, now = self._seen, self._scan(self._scanned)
            self._seen = now
        for path in before.keys() | now.keys():
            if before.get(path) != now.get(path):
                self._note(path)

    def _note(self, path: str) -> None:
        """Takes an event in one of the directories."""
        known = path if path in self._known else self._names.get(path)
        if known is not None:
            self._look_at(known)
        elif is_source(path) and not path.startswith(self._build):
            self._callback(path)

    def _look_at(self, path: str) -> None:
        stamp = find_stamp(path)
        with self._lock:
            if path not in self._known or self._known[path] == stamp:
                return
            self._known[path] = stamp
        self._callback(path)

    def _scan(self, directories: List[str]) -> Dict[str, Optional[Stamp]]:
        """The stamps of all source files there."""
        paths = (
            os.path.join(root, name)
            for directory in directories
            for root, _, names in os.walk(directory)
            for name in names
            if is_source(name)
        )
        return {path: find_stamp(path) for path in paths}


def _poll(look: Callable[[], None], seconds: float) -> None:
    """Looks again and again, in the background."""

    def run() -> None:
        pause = seconds
        while True:
            time.sleep(pause)
            begun = time.monotonic()
            look()
            pause = max(seconds, _POLL_SHARE * (time.monotonic() - begun))

    threading.Thread(target=run, daemon=True).start()


def linked_directories(directories: List[str], files: Iterable[str]) -> List[str]:
    """Targets of symbolic links in the directories that have some of the files."""
    found = {
        os.path.realpath(os.path.join(root, name))
        for directory in directories
        for root, names, _ in os.walk(directory)
        for name in names
        if os.path.islink(os.path.join(root, name))
    }
    if not found:
        return []
    places = {os.path.realpath(path) for path in files}
    return sorted(d for d in found if any(p.startswith(os.path.join(d, "")) for p in places))


class _Observer:
    """The system's notification of changes in directories; `reason` says why there is none."""

    def __init__(self, callback: Callback) -> None:
        self.reason: Optional[str] = None
        self._watched: Dict[Tuple[str, int], Any] = {}
        try:
            from watchdog.events import FileSystemEvent, FileSystemEventHandler
            from watchdog.observers import Observer
        except ImportError:
            self.reason = "the Python package watchdog is not installed"
            return

        class Handler(FileSystemEventHandler):
            """Passes on the paths of changes."""

            def on_any_event(self, event: FileSystemEvent) -> None:
                if event.event_type in _CHANGES and not event.is_directory:
                    callback(os.fsdecode(getattr(event, "dest_path", "") or event.src_path))

        self._handler = Handler()
        self._observer = Observer()
        self._observer.daemon = True
        try:
            self._observer.start()
        except OSError as error:
            self._fail(error)

    def watch(self, directories: List[str]) -> None:
        """Watches exactly these. One that was removed and made again is another directory."""
        if self.reason is not None:
            return
        try:
            wanted = {(path, os.stat(path).st_ino): path for path in directories}
            for key in self._watched.keys() - wanted.keys():
                self._observer.unschedule(self._watched.pop(key))
            for key in wanted.keys() - self._watched.keys():
                watched = self._observer.schedule(self._handler, wanted[key], recursive=True)
                self._watched[key] = watched
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.reason = f"the system's notification fails: {error.strerror}"
