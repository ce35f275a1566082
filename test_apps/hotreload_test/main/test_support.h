/*
 * What several test files need.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#include "hotreload.h"

#define LABEL "hotreload"

/** Fails the test unless `call` returns `expected`; tells the error's name. */
#define EXPECT(expected, call) expect_error(expected, call, #call, __LINE__)
void expect_error(esp_err_t expected, esp_err_t error, const char *what, int line);

/** hotreload_load() and hotreload_reload() of the partition; must succeed. */
void load(void);
void reload(void);

/** A copy in RAM, to be freed, of the newest module in the partition. */
uint8_t *copy_module(size_t *size);

#endif
