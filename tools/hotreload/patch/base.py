"""What is remembered of a base: the whole module that a device may run, and what it was made from.

Each base has a directory, build/hotreload/base/SHA256, with copies of the object files, so that
they can be compared with those of later. The device says by the SHA-256 which base it runs.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from bisect import bisect_right
from contextlib import suppress
from pathlib import Path
from typing import AbstractSet, Any, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.files import make_directory, map_bytes, open_text, read_bytes, write_if_changed
from hotreload.module import elf
from hotreload.module.exports import definition_key, object_name
from hotreload.kept import place_kept
from hotreload.module.layout import DATA_ADDRESS, Range
from hotreload.module.link import ModuleInputs, map_path
from hotreload.module.link_map import Placed, read_link_map
from hotreload.module.link_options import Wraps
from hotreload.module.linker_script import DATA_SECTIONS, TEXT_SECTIONS, is_among
from hotreload.module.object_cache import CachedObject, stamp_of
from hotreload.module.own_symbols import Definition
from hotreload.module.veneers import find_veneers
from hotreload.patch.history import History
from hotreload.patch.types import read_types
from hotreload.patch.view import Entity, Named, View

_FORMAT = 4
_KEEP = 3
"""How many bases are remembered of those built last, and of those that devices were seen to run."""
_SEEN = "seen"
"""A file in the directory of a base that a device runs; its time is when that was seen last."""


class KeptVariable(NamedTuple):
    """A variable of the base that lives outside of it; the address is that of its initial value."""

    address: int
    size: int
    key: int
    shown: str


class Base:
    """A remembered base."""

    def __init__(self, directory: str, content: Dict[str, Any], wraps: Wraps) -> None:
        self._directory = directory
        self._content = content
        self._wraps = wraps
        self._views: Dict[str, Optional[View]] = {}
        self._file: Optional[elf.Elf] = None
        self.sha256: str = content["sha256"]
        self.text, self.data = Range(*content["text"]), Range(*content["data"])
        self.winners: Dict[str, str] = content["winners"]
        """Global names of the reloadable components, and the object files they are from."""
        self.weak_imports = set(content["weak_imports"])
        self.callbacks: Dict[str, int] = content["callbacks"]
        """Functions known by their addresses alone that have a stub, by local_key(); where."""
        self.slots: Dict[str, int] = content["slots"]
        """The addresses of their slots in the firmware's table."""
        self.is_internal: bool = content["is_internal"]
        """It must not be in PSRAM."""
        self.inline_slots = set(content["inline_slots"])
        self.kept = [KeptVariable(*kept) for kept in content["kept"]]
        self.veneers: List[int] = content["veneers"]
        """Link addresses."""
        self._globals: Dict[str, int] = content["globals"]
        self._locals: Dict[str, List[int]] = content["locals"]
        self._ends: List[int] = content["ends"]
        self.history = History(directory)

    @property
    def all_slots(self) -> Dict[str, int]:
        """With those of its last patch."""
        return {**self.slots, **self.history.slots}

    @property
    def file(self) -> elf.Elf:
        """Its module.elf. It grows with the program, so that not all of it is read."""
        if self._file is None:
            path = os.path.join(self._directory, "module.elf")
            self._file = elf.Elf(path, "the base", content=map_bytes(path, "the base"))
        return self._file

    def note_seen(self) -> None:
        """A device runs it now."""
        with suppress(OSError):
            Path(self._directory, _SEEN).touch()

    @property
    def object_names(self) -> AbstractSet[str]:
        """Its object files."""
        objects: Dict[str, Any] = self._content["objects"]
        return objects.keys()

    def is_same(self, name: str, file: CachedObject) -> bool:
        """Whether an object file is as it was."""
        known = self._content["objects"].get(name)
        if known is None:
            return False
        digest, stamp = known
        return bool(file.stamp == stamp or file.digest == digest)

    def view(self, name: str) -> Optional[View]:
        """An object file as it was."""
        if name not in self._views:
            known = self._content["objects"].get(name)
            self._views[name] = None
            if known is not None:
                path = os.path.join(self._directory, f"{known[0]}.o")
                file = elf.Elf(path, "the base's object file")
                self._views[name] = View(path, name, file, self._wraps, read_types)
        return self._views[name]

    def find(self, entity: Entity) -> Optional[Tuple[View, Named]]:
        """A function or variable as it was, in the object file that it was linked from."""
        name = entity.path or self.winners.get(entity.name, "")
        view = self.view(name) if name else None
        named = view.by_entity.get(entity) if view is not None else None
        return (view, named) if view is not None and named is not None else None

    def counts(self, view: View, named: Named) -> bool:
        """Whether the linker took this definition."""
        return view.counts(named, self.winners)

    def global_address(self, name: str) -> Optional[int]:
        """Where a global name of the base is."""
        return self._globals.get(name)

    @property
    def library_names(self) -> Set[str]:
        """What the base has of libraries that were linked into it."""
        return self._globals.keys() - self.winners.keys()

    def library_address(self, name: str) -> Optional[int]:
        """Where a function of a library is that was linked into the base."""
        return None if name in self.winners else self._globals.get(name)

    def address(self, view: View, named: Named) -> Optional[int]:
        """The link address of something of the base; None if it cannot be told."""
        if named.is_global:
            return self._globals.get(named.entity.name)
        section = view.file.sections[named.symbol.section]
        placed = self._content["places"].get(view.name, {}).get(section.name)
        if placed is None:
            return None
        start, size = placed
        if section.flags & elf.SHF_EXECINSTR:  # The linker may have shortened what comes before.
            known = self._locals.get(named.symbol.name, ())
            found = [address for address in known if start <= address < start + size]
            return found[0] if len(found) == 1 else None
        return int(start) + named.offset

    def room(self, address: int) -> int:
        """Bytes from a function's first instruction to whatever comes next."""
        index = bisect_right(self._ends, address)
        end = self._ends[index] if index < len(self._ends) else self.text.address + self.text.size
        return end - address

    def find_constant(self, content: bytes, alignment: int) -> Optional[int]:
        """Where the base has the same string."""
        if self._strings is None:
            self._strings = [
                (start, _at(self.file, start, size)) for start, size in self._content["strings"]
            ]
        for start, block in self._strings:
            offset = block.find(content)
            while offset >= 0:
                if (start + offset) % alignment == 0:
                    return start + offset
                offset = block.find(content, offset + 1)
        return None

    _strings: Optional[List[Tuple[int, bytes]]] = None


def _at(file: elf.Elf, address: int, size: int) -> bytes:
    for section in file.sections:
        if section.allocated and section.address <= address < section.address + section.size:
            start = address - section.address
            return file.content(section)[start : start + size]
    return b""


def _root(description: Description) -> str:
    return os.path.join(description.directory, "base")


def load_base(description: Description, sha256: str, wraps: Wraps) -> Optional[Base]:
    """The base with this SHA-256, if it is remembered."""
    directory = os.path.join(_root(description), sha256)
    try:
        with open_text(os.path.join(directory, "base.json")) as file:
            content = json.load(file)
        if content["format"] == _FORMAT and content["sha256"] == sha256:
            return Base(directory, content, wraps)
    except (OSError, ValueError, LookupError, TypeError):
        pass
    return None


def remember_base(inputs: ModuleInputs, module: bytes) -> None:
    """Remembers a whole module, unless its files have changed since it was made."""
    description = inputs.description
    is_last = read_bytes(description.module, "the module") == module
    if not is_last or any(stamp_of(file.path) != file.stamp for file in inputs.files.objects):
        return
    sha256 = hashlib.sha256(module).hexdigest()
    directory = os.path.join(_root(description), sha256)
    make_directory(directory)
    objects = {}
    for file in inputs.files.objects:
        write_if_changed(os.path.join(directory, f"{file.digest}.o"), bytes(file.open().data))
        objects[object_name(file.path, description.build_dir)] = [file.digest, file.stamp]
    linked = os.path.join(directory, "module.elf")
    write_if_changed(linked, read_bytes(description.module_elf, "the module"))
    known = {"format": _FORMAT, "sha256": sha256, "objects": objects, **_describe(inputs)}
    text = json.dumps(known, separators=(",", ":"))
    write_if_changed(os.path.join(directory, "base.json"), text)
    try:
        os.utime(directory)
        _forget_old(_root(description))
    except OSError as error:
        raise ToolError(f"{_root(description)} is being removed: {error.strerror}") from error


def _forget_old(root: str) -> None:
    """A device may go on with its base while others are built that it never gets."""
    directories = [entry.path for entry in os.scandir(root) if entry.is_dir()]
    seen = [path for path in directories if os.path.exists(os.path.join(path, _SEEN))]
    kept = {*_newest(directories, ""), *_newest(seen, _SEEN)}
    for path in set(directories) - kept:
        shutil.rmtree(path, ignore_errors=True)


def _newest(directories: List[str], file: str) -> List[str]:
    """Those with the newest times, of a file in them or their own."""
    times = {path: os.stat(os.path.join(path, file)).st_mtime_ns for path in directories}
    return sorted(directories, key=lambda path: times[path], reverse=True)[:_KEEP]


def _describe(inputs: ModuleInputs) -> Dict[str, Any]:
    description, objects = inputs.description, inputs.objects
    file = elf.Elf(description.module_elf, "the module")
    names = {path: object_name(path, description.build_dir) for path in description.objects}
    symbols = [symbol for _, symbol in file.symbols().named()]
    inside = [s for s in symbols if 0 < s.section < elf.SHN_ABS]
    places: Dict[str, Dict[str, List[int]]] = {}
    strings: List[List[int]] = []
    starts = {s.value for s in inside if s.kind == elf.STT_FUNC or _is_label(s)}
    text, data = _ranges(file, inputs.firmware.text_address)
    linked = read_link_map(map_path(description))
    variables = place_kept(inputs.kept, linked)
    string_sections = _find_string_sections(inputs)
    for (path, section), placed in linked.items():
        if not text.holds(placed.address) and not data.holds(placed.address):
            continue
        if path in names:
            places.setdefault(names[path], {})[section] = list(placed)
        if placed.size > 0 and (path, section) in string_sections:
            strings.append(list(placed))
        if text.holds(placed.address):
            starts.add(placed.address)
    local: Dict[str, List[int]] = {}
    for symbol in inside:
        if symbol.binding == elf.STB_LOCAL and symbol.kind == elf.STT_FUNC:
            local.setdefault(symbol.name, []).append(symbol.value)
    return {
        "text": list(text),
        "data": list(data),
        "winners": {name: names[found.path] for name, found in objects.defined.items()},
        "weak_imports": list(objects.weak_imports),
        "callbacks": {
            definition_key(d, description.build_dir): _callback(d, linked, local, symbols)
            for d in inputs.callbacks.used
        },
        "slots": {
            definition_key(d, description.build_dir): stub.slot
            for d, stub in inputs.callbacks.used.items()
        },
        "is_internal": objects.is_internal,
        "inline_slots": list(inputs.resolution.inline_slots),
        "kept": [[v.address, v.size, v.key, d.shown] for v, d in zip(variables, inputs.kept)],
        "veneers": find_veneers(inside),
        "globals": {s.name: s.value for s in inside if s.binding != elf.STB_LOCAL},
        "locals": local,
        "ends": sorted(start for start in starts if text.holds(start)),
        "places": places,
        "strings": strings,
    }


def _find_string_sections(inputs: ModuleInputs) -> Set[Tuple[str, str]]:
    """Object files and names of the sections with strings that the linker may merge. A variable may
    have a section of such a name, too."""
    found: Dict[Tuple[str, str], bool] = {}
    for file in inputs.files.objects:
        for section in file.open().sections:
            key, is_string = (file.path, section.name), elf.is_string(section)
            found[key] = is_string and found.get(key, True)
    return {key for key, is_string in found.items() if is_string}


def _callback(
    definition: Definition,
    places: Dict[Tuple[str, str], Placed],
    local: Dict[str, List[int]],
    symbols: Sequence[elf.Symbol],
) -> int:
    """Where a function is whose address is taken."""
    start, size = places.get((definition.path, definition.section), (0, 0))
    found = [a for a in local.get(definition.symbol, ()) if start <= a < start + size]
    if found:
        return found[0]
    return next((s.value for s in symbols if s.name == definition.symbol), 0)


def _is_label(symbol: elf.Symbol) -> bool:
    return symbol.kind == elf.STT_NOTYPE and symbol.binding != elf.STB_LOCAL


def _ranges(file: elf.Elf, text_address: int) -> Tuple[Range, Range]:
    found = []
    for address, names in ((text_address, TEXT_SECTIONS), (DATA_ADDRESS, DATA_SECTIONS)):
        ends = [s.address + s.size for s in file.sections if is_among(s.name, names) and s.size > 0]
        found.append(Range(address, max(ends, default=address) - address))
    return found[0], found[1]
