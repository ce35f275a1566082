"""Generates programs, and edits of them, as sources in C.

A program is a few files of functions int f(int) and variables. What is random comes from a seed, so
that a failure can be repeated.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import copy
import random
from typing import Callable, Dict, List, Optional

HEADER = """\
struct pair { int a; short b; struct pair *next; };
struct row { const int *value; const char *text; };
extern int firmware_log(const char *text, int x);
extern int firmware_call(int (*function)(int), int x);
extern int firmware_keep(const char *text);
extern void firmware_die(void) __attribute__((noreturn, cold));
extern int firmware_counter;
extern int library_plain(int x), library_table(int x), library_helper(int x), library_divide(int x);
extern const char *library_text(int x);
"""

LIBRARY = {
    "plain": "int library_plain(int x) { return x * 3 + 1; }\n",
    "table": "static const short table[8] = {7, 1, 300, 4, 5, 6, 2, 9};\n"
             "int library_plain(int x);\n"
             "int library_table(int x) { return table[x & 7] + library_plain(x); }\n",
    "helper": "int library_table(int x); extern int firmware_counter;\n"
              "int library_helper(int x) { return library_table(x) ^ library_table(x + 3) ^ "
              "firmware_counter; }\n",
    "divide": "int library_divide(int x)\n"
              "{ return (int)((long long)x * 77777 / ((x & 31) + 3)) + x % 10; }\n",
    "text": "static const char *const names[] = {\"none\", \"some\", \"many\"};\n"
            "const char *library_text(int x) { return x & 8 ? \"all\" : names[(x & 3) % 3]; }\n",
}
"""Members of a C library. None keeps state; the firmware has none of them."""


CONSTANTS = ("table", "constant", "twins", "names", "rows", "literals")
"""Kinds of variables that are constants. Twins are mostly equal: GCC gives them one place. The last
three get longer and shorter."""

_SHARED = "same"
"""Names of static functions that several files may have."""


class Function:
    """A function int NAME(int)."""

    def __init__(self, name: str, kind: str, number: int) -> None:
        self.name, self.kind, self.number = name, kind, number
        self.static = False
        self.attribute = ""
        self.calls: List[str] = []
        self.uses: List[str] = []


class Variable:
    """A variable or a table of constants."""

    def __init__(self, name: str, kind: str, number: int) -> None:
        self.name, self.kind, self.number = name, kind, number
        self.static = True


class File:
    """A source file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.options = ""
        self.functions: List[Function] = []
        self.variables: List[Variable] = []
        self.comment = 0


class Program:
    """All files."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.files = [File(f"file{i}.c") for i in range(3)]
        self.exports: List[str] = []
        self.next = 0
        for file in self.files:
            for _ in range(2):
                self.add_variable(file)
            for _ in range(rng.randint(3, 6)):
                self.add_function(file)
            export = self.add_function(file, is_global=True)
            export.calls = [f.name for f in file.functions if f is not export]
            self.exports.append(export.name)

    def copy(self) -> "Program":
        """A copy with the same random numbers to come."""
        rng, self.rng = self.rng, random.Random()
        other = copy.deepcopy(self)
        self.rng = other.rng = rng
        return other

    def fresh(self, stem: str) -> str:
        self.next += 1
        return f"{stem}{self.next}"

    def add_variable(self, file: File) -> Variable:
        kind = self.rng.choice(["int", "zero", "pair", "text", "zeros", *CONSTANTS])
        variable = Variable(self.fresh("v"), kind, self.rng.randrange(100))
        variable.static = self.rng.random() < 0.6
        file.variables.append(variable)
        return variable

    def add_function(
        self, file: File, index: Optional[int] = None, is_global: bool = False
    ) -> Function:
        rng = self.rng
        function = Function(self.fresh("f"), rng.choice(KINDS), rng.randrange(1000))
        function.static = not is_global and rng.random() < 0.6
        shared = f"{_SHARED}{rng.randrange(3)}"
        if function.static and rng.random() < 0.4 and shared not in (f.name for f in file.functions):
            function.name = shared
        if rng.random() < 0.4:
            function.attribute = rng.choice(ATTRIBUTES)
        function.uses = [v.name for v in file.variables if rng.random() < 0.4]
        function.calls = [
            f.name for f in file.functions if f.name not in self.exports and rng.random() < 0.3
        ]
        place = len(file.functions) if index is None else index
        file.functions.insert(place, function)
        return function

    def functions(self) -> List[Function]:
        return [f for file in self.files for f in file.functions]

    def render(self) -> Dict[str, str]:
        """The sources."""
        shared = "".join(f"int {f.name}(int x);\n" for f in self.functions() if not f.static)
        return {file.name: self._render_file(file, shared) for file in self.files}

    def _render_file(self, file: File, shared: str) -> str:
        lines = ["/* line */"] * file.comment + [HEADER + shared]
        lines += [_variable(v) for v in file.variables]
        local = {f.name for f in file.functions}
        known = local | {f.name for f in self.functions() if not f.static}
        for function in file.functions:
            if function.static:
                lines.append(f"static int {function.name}(int x);")
        variables = {v.name: v for v in file.variables}
        for function in file.functions:
            lines.append(_function(function, variables, known))
        return "\n".join(lines) + "\n"


def _length(v: Variable) -> int:
    return v.number % 3 + 2


def _rows(v: Variable, value: Callable[[int], str]) -> str:
    rows = ", ".join(f'{{{value(k)}, "row {v.number & 7} {k}"}}' for k in range(_length(v)))
    return f"const struct row {v.name}[{_length(v)}] = {{{rows}}};"


def _variable(v: Variable) -> str:
    static = "static " if v.static else ""
    n = v.number
    values = ", ".join(str((n * k * 7 + k) & 255) for k in range(1, 9))
    # Initial values are those of the name, so that no edit changes one.
    first = sum(map(ord, v.name)) & 63 | 1
    return {
        "int": f"{static}int {v.name} = {first};",
        "zero": f"{static}int {v.name};",
        "zeros": f"{static}int {v.name}[5];",
        "table": f"{static}const short {v.name}[8] = {{{values}}};",
        "constant": f"{static}const int {v.name} = {n};",
        "twins": f"static const short {v.name}_twin[4] = {{{n}, {n % 3 // 2}, 2, 3}};\n"
                 f"{static}const short {v.name}[4] = {{{n}, 0, 2, 3}};",
        "pair": f"{static}struct pair {v.name} = {{{first}, 2, 0}};",
        "text": f'{static}const char *{v.name} = "text of {v.name}";',
        "names": f"{static}const char *const {v.name}[{_length(v)}] = {{"
                 + ", ".join(f'"name {n & 3} {k}"' for k in range(_length(v))) + "};",
        "rows": f"static const int {v.name}_one = {n & 7}, {v.name}_two = {n};\n{static}"
                + _rows(v, lambda k: f"&{v.name}_{'two' if k & 1 else 'one'}"),
        "literals": static + _rows(v, lambda k: f"(const int[]){{{n & 7}, {k}}}"),
    }[v.kind]


def _use(v: Variable) -> str:
    return {
        "int": f"{v.name} += x & 7; x ^= {v.name};",
        "zero": f"{v.name}++; x += {v.name};",
        "zeros": f"{v.name}[x & 3] += 3; x -= {v.name}[(x + 1) & 3];",
        "table": f"x += {v.name}[(x + 1) & 7];",
        "constant": f"x += *(const volatile int *)&{v.name};",
        "twins": f"x += {v.name}[(x + 1) & 3] - 3 * {v.name}_twin[x & 3];",
        "pair": f"{v.name}.b += x & 3; x += {v.name}.a + {v.name}.b; {v.name}.next = &{v.name};",
        "text": f"firmware_log({v.name}, x);",
        "names": f"firmware_log({v.name}[(x & 63) % {_length(v)}], x);",
        "rows": f"x += *{v.name}[(x & 63) % {_length(v)}].value; "
                f"firmware_log({v.name}[(x & 31) % {_length(v)}].text, x);",
        "literals": f"x += {v.name}[(x & 63) % {_length(v)}].value[1];",
    }[v.kind]


ATTRIBUTES = ["__attribute__((noinline))", "__attribute__((always_inline)) inline",
              "__attribute__((aligned(16)))", "__attribute__((noinline, noclone))",
              "__attribute__((hot))", "__attribute__((cold))"]


def _cases(n: int, text: Callable[[int], str], count: int = 8) -> str:
    return " ".join(f"case {i}: {text((n + i * 37) & 511)}" for i in range(count))


BODIES: Dict[str, Callable[[int, str], str]] = {
    "arithmetic": lambda n, f: f"x = x * {n + 3} + {n}; x ^= (unsigned)x >> {n % 7 + 1};",
    "tiny": lambda n, f: f"return {n};",
    "loop": lambda n, f: f"while (x & 1) x = (unsigned)x >> 1; x += {n};",
    "loops": lambda n, f: f"for (int i = 0; i < {n % 9 + 2}; i++) x = x * 5 + i;",
    "count": lambda n, f: f"static int count; count += x + {n}; x = count;",
    "counts": lambda n, f: f"static int count = 7; {{ static short count; count += {n}; "
                           f"x += count; }} x += count++;",
    "text": lambda n, f: f'firmware_log("text {n} of %d", x);',
    "texts": lambda n, f: f'firmware_log(x & 1 ? "odd {n & 3}" : "even {n & 3}", {n});',
    "keep": lambda n, f: f'x += firmware_keep("kept {n}");',
    "switch": lambda n, f: f"switch (x & 7) {{ {_cases(n, lambda k: f'x = x * {k} + 1; break;')} }}",
    "switch_text": lambda n, f: "const char *s = 0; switch (x & 7) { "
                                + _cases(n, lambda k: f's = "case {k}"; break;')
                                + " } firmware_log(s, x);",
    "switch_value": lambda n, f: f"switch (x & 7) {{ {_cases(n, lambda k: f'return {k * k};')} }}",
    "switch_call": lambda n, f: "switch (x & 15) { "
                                + _cases(n, lambda k: f'firmware_log("c{k}", x); break;', 6) + " }",
    "divide": lambda n, f: f"x += (int)((long long)x * {n + 1}LL / ((x & 15) + 1));",
    "shift": lambda n, f: f"x += (int)(((unsigned long long)x << 9) >> ((x & 7) + {n % 5}));",
    "cold": lambda n, f: f'if (__builtin_expect(x == {n + 70000}, 0)) '
                         f'{{ firmware_log("cold", x); firmware_die(); }} x += {n};',
    "recursive": lambda n, f: f"x &= 3; if (x > {n % 2}) x = {f}(x - 1) + {n}; else x = {n};",
    "local_table": lambda n, f: f"static const int table[4] = {{{n}, 2, {n + 1}, 4}}; "
                                f"x += table[x & 3];",
    "local_array": lambda n, f: f'const char *s[] = {{"zero", "one{n & 1}", "two"}}; '
                                f"firmware_log(s[(x & 3) % 3], x);",
    "function_name": lambda n, f: f"firmware_log(__func__, x + {n});",
    "firmware": lambda n, f: f"firmware_counter += {n & 15}; x += firmware_counter;",
    "callback": lambda n, f: f"x = firmware_call({f}_callback, x + {n});",
    "operations": lambda n, f: f"x = {f}_operations[x & 1](x + {n});",
    "empty": lambda n, f: "",
    "library": lambda n, f: f"x += library_{('plain', 'table', 'helper', 'divide')[n & 3]}(x);",
    "library_text": lambda n, f: "x += firmware_keep(library_text(x)); "
                                 f"firmware_log(library_text(x + {n}), x);",
    "labels": lambda n, f: f"static const void *const to[] = {{&&one, &&two, &&one, &&three}}; "
                           f"goto *to[x & 3]; one: x += {n}; two: x *= 3; three: x ^= {n & 15};",
    "float": lambda n, f: f"x += (int)((float)(x & 63) * {n % 13}.5f);",
}
KINDS = list(BODIES)


def _function(function: Function, variables: Dict[str, Variable], known: "set[str]") -> str:
    n, name = function.number, function.name
    before = ""
    if function.kind == "callback":
        before = f"static int {name}_callback(int x) {{ return x * {n % 5 + 2}; }}\n"
    if function.kind == "operations":
        before = (f"static int {name}_first(int x) {{ return x + {n % 3}; }}\n"
                  f"static int {name}_second(int x) {{ return x * {n % 4 + 3}; }}\n"
                  f"static int (*const {name}_operations[2])(int) = "
                  f"{{{name}_first, {name}_second}};\n")
    used = [_use(variables[v]) for v in function.uses if v in variables]
    calls = [f"x += {f}(x & 63);" for f in function.calls if f in known and f != name]
    static = "static " if function.static else ""
    attribute = function.attribute
    if "inline " in f"{attribute} " and (
        not function.static or function.kind in ("labels", "recursive")
    ):
        attribute = ""
    unused = "__attribute__((unused)) " if function.static else ""
    lines = [f"{before}{unused}{static}{attribute} int {name}(int x)", "{"]
    body = BODIES[function.kind](n, name)
    end = "return x;" if not body.startswith("return") else ""
    if not end or function.kind == "recursive":
        return "\n".join([*lines, f"    {body} {end}", "}"])
    lines += [f"    {text}" for text in [*used, *calls, body, end] if text]
    return "\n".join([*lines, "}"])


# ---- edits ----


def change_body(p: Program) -> str:
    function = p.rng.choice(p.functions())
    function.number = p.rng.randrange(1000)
    return f"body of {function.name}"


def change_kind(p: Program) -> str:
    function = p.rng.choice([f for f in p.functions()])
    function.kind = p.rng.choice(KINDS)
    return f"{function.name} becomes {function.kind}"


def add_function(p: Program) -> str:
    file = p.rng.choice(p.files)
    function = p.add_function(file, p.rng.randrange(len(file.functions) + 1))
    function.calls = []
    users = [f for f in file.functions if f is not function]
    if not users:
        return f"new {function.name}"
    user = p.rng.choice(users)
    user.calls.append(function.name)
    return f"new {function.name}, called by {user.name}"


def remove_function(p: Program) -> str:
    file = p.rng.choice(p.files)
    rest = [f for f in file.functions if f.name not in p.exports]
    if not rest:
        return "nothing"
    gone = p.rng.choice(rest)
    file.functions.remove(gone)
    for function in p.functions():
        function.calls = [name for name in function.calls if name != gone.name]
    return f"without {gone.name}"


def add_variable(p: Program) -> str:
    file = p.rng.choice(p.files)
    variable = p.add_variable(file)
    for function in p.rng.sample(file.functions, min(2, len(file.functions))):
        function.uses.append(variable.name)
    return f"new {variable.kind} {variable.name}"


def remove_variable(p: Program) -> str:
    file = p.rng.choice(p.files)
    if not file.variables:
        return "nothing"
    gone = file.variables.pop(p.rng.randrange(len(file.variables)))
    return f"without {gone.name}"


def change_constant(p: Program) -> str:
    found = [v for file in p.files for v in file.variables if v.kind in CONSTANTS]
    if not found:
        return change_body(p)
    variable = p.rng.choice(found)
    variable.number = p.rng.randrange(100)
    return f"value of {variable.name}"


def change_twins(p: Program) -> str:
    """Both to one value, so that they stay one if they were."""
    found = [v for file in p.files for v in file.variables if v.kind == "twins"]
    if not found:
        return change_constant(p)
    variable = p.rng.choice(found)
    variable.number = 3 * p.rng.randrange(33) + 1
    return f"value of {variable.name} and its twin"


def change_attribute(p: Program) -> str:
    function = p.rng.choice(p.functions())
    function.attribute = p.rng.choice(["", *ATTRIBUTES])
    return f"attribute of {function.name}: {function.attribute}"


def change_calls(p: Program) -> str:
    file = p.rng.choice(p.files)
    names = [f.name for f in file.functions if f.name not in p.exports]
    function = next((f for f in file.functions if f.name in p.exports), None)
    if function is None:
        return "nothing"
    function.calls = [name for name in names if p.rng.random() < 0.7]
    p.rng.shuffle(function.calls)
    return f"calls of {function.name}"


def change_static(p: Program) -> str:
    found: "list[object]" = [
        f for f in p.functions() if f.name not in p.exports and not f.name.startswith(_SHARED)
    ]
    found += [v for file in p.files for v in file.variables]
    one = p.rng.choice(found)
    one.static = not one.static
    return f"static of {one.name}"


def move_function(p: Program) -> str:
    source, target = p.rng.sample(p.files, 2)
    found = [f for f in source.functions if not f.static]
    if not found:
        return "nothing"
    function = p.rng.choice(found)
    source.functions.remove(function)
    target.functions.append(function)
    function.uses, function.calls = [], []
    return f"{function.name} to {target.name}"


def change_options(p: Program) -> str:
    file = p.rng.choice(p.files)
    file.options = p.rng.choice(["", "-O2", "-O1", "-fno-inline", "-Os", "-fno-jump-tables",
                                 "-O2 -fno-reorder-blocks"])
    return f"options of {file.name}: {file.options}"


def change_order(p: Program) -> str:
    file = p.rng.choice(p.files)
    p.rng.shuffle(file.functions)
    return f"order in {file.name}"


def change_lines(p: Program) -> str:
    file = p.rng.choice(p.files)
    file.comment += 1
    return f"a comment in {file.name}"


def change_layout(p: Program) -> str:
    variables = [v for file in p.files for v in file.variables if v.kind in ("int", "zero")]
    if not variables:
        return "nothing"
    variable = p.rng.choice(variables)
    variable.kind = "zeros"
    return f"{variable.name} gets larger"


def add_file(p: Program) -> str:
    file = File(f"{p.fresh('more')}.c")
    p.files.append(file)
    p.add_function(file)
    function = p.add_function(file, is_global=True)
    user = p.rng.choice(p.files[0].functions)
    user.calls.append(function.name)
    return f"new {file.name}"


EDITS = [change_body] * 6 + [
    change_kind, change_kind, add_function, add_function, remove_function, add_variable,
    add_variable, remove_variable, change_constant, change_constant, change_twins, change_attribute,
    change_calls, change_static, move_function, change_options, change_order, change_lines,
    change_layout, add_file,
]


def edit(program: Program) -> str:
    """Makes one random edit; says which."""
    return program.rng.choice(EDITS)(program)
