/*
 * The least of src/port.h that the loader needs, on the host: two blocks of memory that pass for
 * any run addresses.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FLAT_PORT_H
#define FLAT_PORT_H

#include "port.h"

/** Run addresses of the next regions, and the target that modules have to be for. */
typedef struct {
    uint32_t text_run, data_run;
    const hotreload_arch_t *arch;
    uint16_t abi;
    uint8_t firmware_id[HOTRELOAD_HASH_SIZE];
    size_t firmware_id_size;
} flat_port_t;

extern flat_port_t flat_port;

/** Reads a module file and makes this port's firmware the one that it was linked with. */
const uint8_t *flat_port_read_module(const char *path, size_t *size);

#endif
