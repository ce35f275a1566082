/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_XTENSA_XTENSA_CONTEXT_H
#define FAKE_XTENSA_XTENSA_CONTEXT_H

typedef struct {
    long exit;
    long pc;
    long ps;
    long a0;
    long a1;
} XtExcFrame;

#endif
