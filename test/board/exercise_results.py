"""What the reloadable functions of components/exercises must return, as the firmware prints it."""

from __future__ import annotations

import struct

WEIGHTED_SUM = -1 + 2 * -2e12 + 3 * 1.5 + 5 * 2.25 + 7 * 65535
WEIGHTED_SUM += 11 * 4e9 + 13 * 5 + 17 * -0.5 + 19 * 9 + 23 * -10


def bits(number: int) -> str:
    """An integer as the firmware prints 64 bits."""
    return f"{number & 0xFFFFFFFFFFFFFFFF:016x}"


def double(number: float) -> str:
    """A floating-point number as the firmware prints its bits."""
    return struct.pack(">d", number).hex()


def weigh(count: int) -> str:
    """What the function with so many arguments, from 1, returns."""
    total = count
    for argument in range(1, count + 1):
        total = (total * 31 + argument) & 0xFFFFFFFF
    return str(total)


def add_constants() -> str:
    """What the function that reads constants of one and two bytes returns."""
    total = 0
    for byte, half in zip((3, 1, 4, 1, 5, 9, 2), (-27, 18, -28, 18, -28, 4, 5)):
        total = ((total * 31 + byte) * 31 + half) & 0xFFFFFFFF
    return str(total)


VARIADIC = [1, len("two"), 3333333333333, 4, 5, len("six six"), -77, 8, 10**10, 10]

EXPECTED = {
    **{f"{count} arguments": weigh(count) for count in range(13)},
    "mixed arguments": double(WEIGHTED_SUM),
    "small struct": "-20 15",
    "large struct": "-3 -21 -36, ours 12",
    "large struct, scale": double(0.25),
    "large struct, our scale": double(0.5),
    "variadic": bits(1 + 20 + 300 + 4000 + 50000000000 - 6),
    "calls variadic": bits(sum(place * value for place, value in enumerate(VARIADIC, 1))),
    "callback": str(2**5 + 5**2 * 1000),
    "function without stub": "42",
    "function with stub": "-1",
    "same addresses": "1 1 1",
    "recursion": str(sum(range(101))),
    "room on the stack": str(sum(depth * 4 + 8 + 1 for depth in range(61))),
    "jump in the firmware": "6231 6451",
    "jump in the module": "7231 7451",
    "jump to the module": "90453",
    "function table": "17 -1",
    "64 bit, quotient": bits(-(9000000000000000000 // 7000000001)),
    "64 bit, remainder": bits((2**64 - 1) % 1000000007),
    "double": double((1e6 + 0.125) * (1e6 - 0.125) / 7),
    "float": double(-5.5),
    "string 0": "[zero]",
    "string 1": "[one]",
    "string 2": "[]",
    "string 3": "[three with\ta tab]",
    "constants": add_constants(),
    # firmware_value is -5, and case 3 adds 33 to it
    "switch": "-5 16 66 28 44 -55 67 -1",
    "firmware value": "128",
    "errno": "17 23 1",
    "weak": "3",
    "constructed": "12",
    "count": "1100 2101",
}
