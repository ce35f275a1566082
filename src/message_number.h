/*
 * The number of a message: of its format, computed by the compiler, so that the text itself takes
 * no flash. tools/hotreload/device/messages.py computes the same numbers from the sources, and
 * shows the text. test/tree/test_message_numbers.py checks that no two messages have the same
 * number.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_MESSAGE_NUMBER_H
#define HOTRELOAD_MESSAGE_NUMBER_H

/* The sum of the first 64 characters, each times a weight of its place. */
#define HOTRELOAD_CHARACTER(text, i)                                                               \
    ((i) < sizeof(text)                                                                            \
         ? (unsigned char)(text)[(i) < sizeof(text) ? (i) : 0] * 40503u * ((i) + 1u) * ((i) + 1u)  \
         : 0u)
#define HOTRELOAD_CHARACTERS_4(text, i)                                                            \
    (HOTRELOAD_CHARACTER(text, i) + HOTRELOAD_CHARACTER(text, (i) + 1) +                           \
     HOTRELOAD_CHARACTER(text, (i) + 2) + HOTRELOAD_CHARACTER(text, (i) + 3))
#define HOTRELOAD_CHARACTERS_16(text, i)                                                           \
    (HOTRELOAD_CHARACTERS_4(text, i) + HOTRELOAD_CHARACTERS_4(text, (i) + 4) +                     \
     HOTRELOAD_CHARACTERS_4(text, (i) + 8) + HOTRELOAD_CHARACTERS_4(text, (i) + 12))

/** A number of 16 bits; `text` is a literal. */
#define HOTRELOAD_MESSAGE_NUMBER(text)                                                             \
    ((HOTRELOAD_CHARACTERS_16(text, 0) + HOTRELOAD_CHARACTERS_16(text, 16) +                       \
      HOTRELOAD_CHARACTERS_16(text, 32) + HOTRELOAD_CHARACTERS_16(text, 48)) &                     \
     0xffffu)

#endif
