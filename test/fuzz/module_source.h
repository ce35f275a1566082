/*
 * Makes modules for the fuzz targets: whole ones out of decisions, and broken ones out of whole
 * ones.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FUZZ_MODULE_SOURCE_H
#define FUZZ_MODULE_SOURCE_H

#include "input.h"

/**
 * Builds a module for fake_port's firmware. Without decisions it is a valid one; each decision
 * changes sizes, addresses, exports, relocations or constructors, now and then to what must be
 * refused.
 *
 * @return memory of exactly *size bytes, to be freed with free()
 */
uint8_t *module_source_build(input_t *input, size_t *size);

/**
 * Changes one field of a module: of its headers, segments, notes or relocations. Does nothing to
 * what is too short to be a module.
 *
 * @param random  which field, and to what
 */
void module_source_break(uint8_t *module, size_t size, uint32_t random);

#endif
