/*
 * The steps of src/run/program.c for tests of the loader alone.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOADER_STEPS_H
#define LOADER_STEPS_H

#include "loader/kept.h"
#include "loader/loader.h"

/** Makes a staged module the one that the table points to. */
static inline void commit_module(const hotreload_image_t *image, const hotreload_module_t *staged)
{
    hotreload_loader_fill_slots(image, staged, hotreload_firmware_table.slots);
    hotreload_loader_fill(image, staged);
    hotreload_kept_commit();
    hotreload_loader_construct(image, staged);
}

#endif
