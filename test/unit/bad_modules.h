/*
 * Modules that each have one fault, and what the core has to say about it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BAD_MODULES_H
#define BAD_MODULES_H

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

typedef struct {
    const char *name;
    esp_err_t error;
    const char *words; /**< a part of the reason */
} bad_module_t;

#define BAD_MODULES 11u
#define BAD_FILES   9u /**< of them, the first: refused before they get memory */

extern const bad_module_t bad_modules[BAD_MODULES];

/** Builds one of them; to be freed. */
uint8_t *bad_module_build(const bad_module_t *bad, size_t *size);

#endif
