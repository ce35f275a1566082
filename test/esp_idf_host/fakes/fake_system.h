/* SPDX-License-Identifier: MIT */
#ifndef FAKE_SYSTEM_H
#define FAKE_SYSTEM_H

#include <setjmp.h>

/** Where esp_system_abort() goes on; NULL: it fails the test. */
extern jmp_buf *fake_abort_jump;
extern const char *fake_abort_details;

#endif
