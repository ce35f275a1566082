"""What functions take and return, and how structures are laid out, from the DWARF data of an ELF.

Two texts describe each type: one as the source has it, for people, and one that is equal for types
that the machine treats alike (int32_t and long, say).

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple

from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile

_AGGREGATES = {
    "DW_TAG_structure_type": "struct",
    "DW_TAG_class_type": "struct",
    "DW_TAG_union_type": "union",
    "DW_TAG_enumeration_type": "enum",
}
_QUALIFIERS = {
    "DW_TAG_const_type": "const ",
    "DW_TAG_volatile_type": "volatile ",
    "DW_TAG_restrict_type": "",
    "DW_TAG_atomic_type": "_Atomic ",
}


class Text(NamedTuple):
    """A type in words: `source` is shown, `machine` is compared."""

    source: str
    machine: str

    def around(self, before: str, after: str) -> "Text":
        """The same with something before and after."""
        return Text(before + self.source + after, before + self.machine + after)


class Interface(NamedTuple):
    """Signatures by the name of the function, layouts by the name of the aggregate."""

    functions: Dict[str, Text]
    layouts: Dict[str, List[Text]]


def read_interface(path: str, names: Iterable[str]) -> Interface:
    """Describes the functions `names` that the file defines, and what is reachable from them."""
    with open(path, "rb") as file:
        elf = ELFFile(file)
        if not elf.has_dwarf_info():
            return Interface({}, {})
        # The linker has relocated the debug data already; --emit-relocs only left its notes.
        reader = _Reader(elf.get_dwarf_info(relocate_dwarf_sections=False))
        functions = {name: reader.signature(die) for name, die in reader.functions(set(names))}
        return Interface(functions, reader.layouts)


class _Reader:
    def __init__(self, dwarf: Any) -> None:
        self.layouts: Dict[str, List[Text]] = {}
        self._units = list(dwarf.iter_CUs())
        self._definitions: Optional[Dict[Tuple[str, str], DIE]] = None

    def functions(self, names: "set[str]") -> Iterable[Tuple[str, DIE]]:
        """The definitions of functions."""
        for unit in self._units:
            for die in unit.get_top_DIE().iter_children():
                if die.tag == "DW_TAG_subprogram" and "DW_AT_low_pc" in die.attributes:
                    declared = self._declaration(die)
                    name = _name(declared)
                    if name in names and "DW_AT_external" in declared.attributes:
                        yield name, declared

    def signature(self, die: DIE) -> Text:
        """A function's result, name and parameters."""
        result = self._type_of(die)
        name = _name(die)
        parameters = self._parameters(die)
        return Text(
            f"{result.source} {name}({parameters.source})",
            f"{result.machine} ({parameters.machine})",
        )

    @staticmethod
    def _declaration(die: DIE) -> DIE:
        """An out-of-line copy of an inline function refers to where it is described."""
        while "DW_AT_abstract_origin" in die.attributes:
            die = die.get_DIE_from_attribute("DW_AT_abstract_origin")
        return die

    def _parameters(self, die: DIE) -> Text:
        texts = []
        for child in die.iter_children():
            if child.tag == "DW_TAG_formal_parameter":
                texts.append(self._type_of(child))
            elif child.tag == "DW_TAG_unspecified_parameters":
                texts.append(Text("...", "..."))
        if not texts:
            return Text("void", "void")
        return Text(", ".join(t.source for t in texts), ", ".join(t.machine for t in texts))

    def _type_of(self, die: DIE) -> Text:
        if "DW_AT_type" not in die.attributes:
            return Text("void", "void")
        return self._describe(die.get_DIE_from_attribute("DW_AT_type"))

    def _describe(self, die: DIE) -> Text:
        tag = die.tag
        if tag == "DW_TAG_base_type":
            size = die.attributes["DW_AT_byte_size"].value
            encoding = die.attributes["DW_AT_encoding"].value
            return Text(_name(die), f"base {encoding} of {size} bytes")
        if tag in _QUALIFIERS:
            inner = self._type_of(die)
            return Text(_QUALIFIERS[tag] + inner.source, inner.machine)
        if tag == "DW_TAG_typedef":
            return Text(_name(die), self._typedef(die).machine)
        if tag == "DW_TAG_pointer_type":
            return self._type_of(die).around("", " *")
        if tag == "DW_TAG_subroutine_type":
            parameters = self._parameters(die)
            result = self._type_of(die)
            return Text(
                f"{result.source} ({parameters.source})",
                f"{result.machine} ({parameters.machine})",
            )
        if tag == "DW_TAG_array_type":
            return self._array(die)
        if tag in _AGGREGATES:
            return self._aggregate(die, "")
        return Text(tag, tag)

    def _typedef(self, die: DIE) -> Text:
        """What a typedef stands for; a structure without a name goes by that of its typedef."""
        if "DW_AT_type" in die.attributes:
            target = die.get_DIE_from_attribute("DW_AT_type")
            if target.tag in _AGGREGATES and not _name(target):
                return self._aggregate(target, _name(die))
        return self._type_of(die)

    def _array(self, die: DIE) -> Text:
        lengths = ""
        for child in die.iter_children():
            if child.tag == "DW_TAG_subrange_type":
                lengths += f"[{_length(child)}]"
        return self._type_of(die).around("", lengths)

    def _aggregate(self, die: DIE, typedef_name: str) -> Text:
        kind = _AGGREGATES[die.tag]
        name = _name(die) or typedef_name
        if not name:
            members = "; ".join(text.machine for text in self._layout(die))
            shown = "; ".join(text.source for text in self._layout(die))
            return Text(f"{kind} {{{shown}}}", f"{kind} {{{members}}}")
        title = f"{kind} {name}" if _name(die) else name
        if title not in self.layouts:
            definition = self._definition(die)
            if definition is not None:
                self.layouts[title] = []  # Members may lead back here.
                self.layouts[title] = self._layout(definition)
        return Text(title, title)

    def _definition(self, die: DIE) -> Optional[DIE]:
        """The complete type; None where the program only knows the name."""
        if "DW_AT_declaration" not in die.attributes:
            return die
        if self._definitions is None:
            self._definitions = {
                (child.tag, _name(child)): child
                for unit in self._units
                for child in unit.get_top_DIE().iter_children()
                if child.tag in _AGGREGATES and "DW_AT_declaration" not in child.attributes
            }
        return self._definitions.get((die.tag, _name(die)))

    def _layout(self, die: DIE) -> List[Text]:
        size = _constant(die, "DW_AT_byte_size")
        lines = [Text(f"size {size}", f"size {size}")]
        for child in die.iter_children():
            if child.tag == "DW_TAG_member":
                offset = _constant(child, "DW_AT_data_member_location")
                lines.append(
                    self._type_of(child).around(f"+{offset} ", f" {_name(child)}{_bits(child)}")
                )
            elif child.tag == "DW_TAG_enumerator":
                text = f"{_name(child)} = {_constant(child, 'DW_AT_const_value')}"
                lines.append(Text(text, text))
        return lines


def _name(die: DIE) -> str:
    attribute = die.attributes.get("DW_AT_name")
    return attribute.value.decode("utf-8", "replace") if attribute is not None else ""


def _constant(die: DIE, attribute: str) -> int:
    value = die.attributes[attribute].value if attribute in die.attributes else 0
    return value if isinstance(value, int) else 0


def _length(subrange: DIE) -> str:
    """An array's number of elements; empty when the declaration does not say."""
    if "DW_AT_count" in subrange.attributes:
        return str(_constant(subrange, "DW_AT_count"))
    if "DW_AT_upper_bound" in subrange.attributes:
        return str(_constant(subrange, "DW_AT_upper_bound") + 1)
    return ""


def _bits(member: DIE) -> str:
    """Place and width of a bit field."""
    if "DW_AT_bit_size" not in member.attributes:
        return ""
    place = _constant(member, "DW_AT_data_bit_offset") or _constant(member, "DW_AT_bit_offset")
    return f" : {_constant(member, 'DW_AT_bit_size')} at bit {place}"
