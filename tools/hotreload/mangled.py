"""Names of C++ as the source has them: `_ZZN1A1fEiE5count` is `count` in `A::f`.

Reads what the names of variables and functions are made of (Itanium C++ ABI, 5.1). Parameters are
left out. Where a part repeats an earlier one, there are dots. In errors, the toolchain's c++filt
does it, which knows all of a name.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from functools import lru_cache
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from hotreload.description import find_program
from hotreload.errors import ToolError

_TYPES = {
    "v": "void", "w": "wchar_t", "b": "bool", "c": "char", "a": "signed char",
    "h": "unsigned char", "s": "short", "t": "unsigned short", "i": "int", "j": "unsigned",
    "l": "long", "m": "unsigned long", "x": "long long", "y": "unsigned long long", "n": "__int128",
    "o": "unsigned __int128", "f": "float", "d": "double", "e": "long double", "g": "__float128",
    "z": "...",
}  # fmt: skip
_LONG_TYPES = {"Di": "char32_t", "Ds": "char16_t", "Du": "char8_t", "Dn": "nullptr_t", "Da": "auto"}
_SUFFIXES = {"P": "*", "R": "&", "O": "&&", "K": " const", "V": " volatile", "r": "", "Dp": "..."}
_STANDARD = {"t": "std", "a": "std::allocator", "b": "std::basic_string", "s": "std::string",
             "i": "std::istream", "o": "std::ostream", "d": "std::iostream"}  # fmt: skip
_OPERATORS = {
    "cl": "()", "ix": "[]", "pt": "->", "aS": "=", "eq": "==", "ne": "!=", "lt": "<", "gt": ">",
    "le": "<=", "ge": ">=", "ss": "<=>", "pl": "+", "mi": "-", "ml": "*", "dv": "/", "rm": "%",
    "pL": "+=", "mI": "-=", "mL": "*=", "dV": "/=", "pp": "++", "mm": "--", "ls": "<<", "rs": ">>",
    "an": "&", "or": "|", "eo": "^", "co": "~", "nt": "!", "aa": "&&", "oo": "||", "de": "*",
    "ad": "&", "ng": "-", "ps": "+", "nw": " new", "na": " new[]", "dl": " delete",
    "da": " delete[]",
}  # fmt: skip
_UNNAMED_NAMESPACE = "_GLOBAL__N_1"
_LAMBDA = "<lambda>"
_SEPARATOR = "::"
_NUMBER = re.compile(r"\d+")
_SEQUENCE = re.compile(r"[0-9A-Z]*_")
_DISCRIMINATOR = re.compile(r"_(\d|_\d+_)")
_OPERATOR = re.compile(r"[a-z][a-zA-Z]")
_SYMBOL = re.compile(r"(_Z\w+)(\(\))?")
_CONSTRUCTOR = re.compile(r"C[1-5]|D[0-5]")


class Plain(NamedTuple):
    """A name in parts."""

    name: str
    scope: str = ""
    """Namespaces and classes, or of what stands in a function, what is around it there."""
    function: str = ""
    """What it stands in; of a lambda, the function around that."""
    stem: str = ""
    """The symbol without the numbers that tell lambdas, and variables of one name, of a function
    apart: they change when another one comes before."""
    as_global: str = ""
    """The symbol it would have if nothing in it were static."""

    @property
    def qualified(self) -> str:
        return f"{self.scope}::{self.name}" if self.scope else self.name


@lru_cache(maxsize=None)
def plain(symbol: str) -> Plain:
    """The name of a symbol; as it is, where it is none of C++ or cannot be read."""
    if not symbol.startswith("_Z"):
        return Plain(symbol)
    try:
        reader = _Reader(symbol)
        found = reader.read_encoding()
        if not reader.is_at_end:
            return Plain(symbol)
        return found._replace(
            stem=reader.without(reader.numbers), as_global=reader.without(reader.linkage)
        )
    except (ValueError, IndexError, RecursionError):
        return Plain(symbol)


def guarded(symbol: str) -> Optional[str]:
    """The variable that a symbol tells whether it is initialised, if it is such a guard."""
    return f"_Z{symbol[4:]}" if symbol.startswith("_ZGV") else None


def guard_of(symbol: str) -> str:
    """The other way round."""
    return f"_ZGV{symbol[2:]}"


@contextmanager
def source_names(compiler: Optional[str]) -> Iterator[None]:
    """Errors that are raised have the names of the source."""
    try:
        yield
    except ToolError as error:
        error.args = (demangle(compiler, str(error)),)
        raise


def demangle(compiler: Optional[str], text: str) -> str:
    """A message with the names of the source, by the c++filt of the compiler's toolchain."""
    symbols = [match.group(1) for match in _SYMBOL.finditer(text)]
    program = find_program("c++filt", compiler) if symbols else None
    if program is None:
        return text
    try:
        result = subprocess.run(
            [program], input="\n".join(symbols), stdout=subprocess.PIPE,
            check=True, encoding="utf-8",
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return text
    names: Dict[str, str] = dict(zip(symbols, result.stdout.splitlines()))

    def name_of(match: "re.Match[str]") -> str:
        symbol, parentheses = match.groups("")
        name = names.get(symbol, symbol)
        return name if name.endswith(")") else f"{name}{parentheses}"

    return _SYMBOL.sub(name_of, text)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 2
        self.numbers: List[Tuple[int, int]] = []
        """Where those stand that tell lambdas apart, and variables of one name."""
        self.linkage: List[Tuple[int, int]] = []
        """Where it says that something is static."""

    def without(self, ranges: Sequence[Tuple[int, int]]) -> str:
        """What was read, but for these."""
        ends = [end for _, end in ranges]
        starts = [start for start, _ in ranges]
        return "".join(self._text[a:b] for a, b in zip([0, *ends], [*starts, self._at]))

    @property
    def is_at_end(self) -> bool:
        """GCC puts suffixes such as .isra.0 behind a name."""
        return self._at == len(self._text) or self._text[self._at] == "."

    # ---- characters ----

    def _sees(self, start: str) -> bool:
        return self._text.startswith(start, self._at)

    def _take(self, start: str) -> bool:
        if not self._sees(start):
            return False
        self._at += len(start)
        return True

    def _need(self, start: str) -> None:
        if not self._take(start):
            raise ValueError(self._text)

    def _match(self, pattern: "re.Pattern[str]") -> str:
        """What the pattern has here; perhaps nothing."""
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match is not None else self._at
        return match.group() if match is not None else ""

    def _take_number(self, pattern: "re.Pattern[str]") -> None:
        start = self._at
        if self._match(pattern):
            self.numbers.append((start, self._at))

    # ---- names ----

    def read_encoding(self) -> Plain:
        """A function or a variable."""
        if self._sees("T") or self._sees("G"):
            raise ValueError(self._text)  # Virtual tables and the like keep their names.
        found = self._name()
        while not self.is_at_end and not self._sees("E"):
            self._type()
        return found

    def _name(self) -> Plain:
        if self._take("N"):
            return self._nested()
        if self._take("Z"):
            return self._local()
        parts: List[str] = []
        self._parts(parts)
        return _plain(parts)

    def _nested(self) -> Plain:
        while self._take("r") or self._take("V") or self._take("K"):
            pass
        if not self._take("R"):
            self._take("O")
        parts: List[str] = []
        while not self._take("E"):
            if not self._part(parts):
                raise ValueError(self._text)
        return _plain(parts)

    def _local(self) -> Plain:
        around = self.read_encoding()
        self._need("E")
        if self._take("s"):
            self._take_number(_DISCRIMINATOR)
            return Plain("string", "", around.function or around.qualified)
        inner = self._name()
        self._take_number(_DISCRIMINATOR)
        if around.function:  # In a lambda, or in a method of a class in a function.
            inside = "" if _LAMBDA in around.qualified else f"()::{around.qualified}"
            function = around.function + inside
        else:
            function = around.qualified
        return Plain(inner.name, inner.scope, function)

    def _parts(self, parts: List[str]) -> None:
        """A name that is not nested."""
        if not self._part(parts):
            raise ValueError(self._text)
        if parts == ["std"]:
            self._part(parts)
        if self._sees("I"):
            self._part(parts)

    def _part(self, parts: List[str]) -> bool:
        """The next part of a name; its template arguments are one, too."""
        if self._sees("I"):
            parts[-1] += self._arguments()
            return True
        if self._sees("S"):
            parts.append(self._substitution())
            return True
        if self._take("L"):
            self.linkage.append((self._at - 1, self._at))
        word = self._word(parts)
        while self._take("B"):
            self._source()
        if word:
            parts.append(word)
        return bool(word)

    def _word(self, parts: List[str]) -> str:
        if self._text[self._at].isdigit():
            return self._source()
        if self._sees("T"):
            return self._type()
        if self._take("Ul"):
            while not self._take("E"):
                self._type()
            self._take_number(_SEQUENCE)
            return _LAMBDA
        if self._take("Ut"):
            self._take_number(_SEQUENCE)
            return "<unnamed>"
        constructor = self._match(_CONSTRUCTOR)
        if constructor:
            tilde = "~" if constructor.startswith("D") else ""
            return tilde + parts[-1].partition("<")[0].rpartition(_SEPARATOR)[2]
        if self._take("cv"):
            return f"operator {self._type()}"
        operator = self._match(_OPERATOR)
        return f"operator{_OPERATORS.get(operator, f' {operator}')}" if operator else ""

    def _source(self) -> str:
        length = int(self._match(_NUMBER) or "0")
        if length == 0 or self._at + length > len(self._text):
            raise ValueError(self._text)
        self._at += length
        return self._text[self._at - length : self._at]

    def _substitution(self) -> str:
        self._need("S")
        for letter, name in _STANDARD.items():
            if self._take(letter):
                return name
        if not self._match(_SEQUENCE):
            raise ValueError(self._text)
        return "..."

    # ---- types ----

    def _arguments(self) -> str:
        self._need("I")
        found = []
        while not self._take("E"):
            found.append(self._argument())
        return f"<{', '.join(found)}>"

    def _argument(self) -> str:
        if self._sees("L"):
            return self._literal()
        if self._take("Xad"):  # The address of a function or variable.
            found_name = self._literal()
            self._need("E")
            return f"&{found_name}"
        if self._take("J"):
            found = []
            while not self._take("E"):
                found.append(self._argument())
            return ", ".join(found)
        return self._type()

    def _literal(self) -> str:
        self._need("L")
        if self._take("_Z"):
            found = self.read_encoding().qualified
            self._need("E")
            return found
        type_ = self._type()
        end = self._text.index("E", self._at)
        value, self._at = self._text[self._at : end].replace("n", "-"), end + 1
        if type_ == "bool":
            return "true" if value == "1" else "false"
        return value

    def _type(self) -> str:
        for start, text in _SUFFIXES.items():
            if self._take(start):
                return self._type() + text
        for names in (_LONG_TYPES, _TYPES):
            for start, text in names.items():
                if self._take(start):
                    return text
        if self._take("F"):
            return self._function_type()
        if self._take("A"):
            length = self._match(_NUMBER)
            self._need("_")
            return f"{self._type()}[{length}]"
        if self._take("M"):
            return f"{self._type()}::*{self._type()}"
        if self._take("T"):
            self._match(_SEQUENCE)
            return "..."
        return self._named_type()

    def _function_type(self) -> str:
        self._take("Y")
        found = []
        while not self._take("E"):
            if not self._take("RE") and not self._take("OE"):
                found.append(self._type())
                continue
            break
        return f"{found[0]}({', '.join(found[1:])})"

    def _named_type(self) -> str:
        if self._sees("N") or self._sees("Z"):
            return self._name().qualified
        parts: List[str] = []
        self._parts(parts)
        return _plain(parts).qualified


def _plain(parts: List[str]) -> Plain:
    words = [part for part in parts if part != _UNNAMED_NAMESPACE]
    return Plain(words[-1], _SEPARATOR.join(words[:-1]))
