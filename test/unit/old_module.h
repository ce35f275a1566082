/*
 * The module that runs while a test feeds others to the loader: whatever these are, it has to stay
 * as it is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OLD_MODULE_H
#define OLD_MODULE_H

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "loader/loader.h"
#include "module_builder.h"

/** A module staged by the code under test, with the file that it came from. */
typedef struct {
    uint8_t *file;
    size_t size;
    module_layout_t layout;
    hotreload_image_t image;
    hotreload_module_t module;
} staged_t;

/** Resets the fakes and loads the old module: set-up of a test, for cmocka. */
int old_module_set_up(void **state);

/** Releases the old module; nothing may be left then: tear-down of a test, for cmocka. */
int old_module_tear_down(void **state);

/** Fails the test unless the table leads to the old module, intact, and nothing else is alive. */
void old_module_expect_running(void);

/** Points the table to the old module again, after a test committed another. */
void old_module_rebind(void);

/** Fails the test unless the reason has these words. */
void expect_words(const hotreload_reason_t *reason, const char *words);

/**
 * The loader has to refuse these bytes, when it verifies and when it stages, with this error and a
 * reason that has these words; the old module goes on running.
 */
void expect_refused(const void *data, size_t size, esp_err_t error, const char *words);

/** The same for a fault that only staging can find. */
void expect_not_staged(const void *data, size_t size, esp_err_t error, const char *words);

/** Builds a module and expects it to be refused. */
void expect_spec_refused(const module_spec_t *spec, esp_err_t error, const char *words);

/** Builds and stages a module, which must succeed. End it with staged_drop(). */
staged_t stage_spec(const module_spec_t *spec);

/** Frees a staged module that was not committed, or one that the table does not lead to. */
void staged_drop(staged_t *staged);

#endif
