/*
 * The port's flash for tests on the host: RAM with the rules of NOR flash. A broken rule, and an
 * erase or a write that touches a mapped part, fail the running test.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_FLASH_H
#define FAKE_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

#define FAKE_FLASH_LABEL  "hotreload"
#define FAKE_FLASH_SECTOR 4096u /* of most flash chips, bytes */

/** Where the power goes in the operation chosen with `cut_at`. */
typedef enum {
    FAKE_FLASH_CUT_BEFORE, /**< nothing of it happens */
    FAKE_FLASH_CUT_DURING, /**< a write leaves a part of its bits, an erase leaves random bytes */
    FAKE_FLASH_CUT_AFTER,  /**< all of it happens */
} fake_flash_cut_t;

/** What the fake does and has done; tests read and change it at will. */
typedef struct {
    uint8_t *data;
    uint32_t size, erase_size; /**< bytes */
    unsigned reads, writes, erases, maps, live_maps;
    unsigned first_maps; /**< those while there was none */

    /** 1: the next operation of the kind fails and does nothing, 2: the one after; 0: none. */
    unsigned fail_read, fail_write, fail_erase, fail_map;
    /** The first map that fails is followed by no other that works. */
    bool maps_stay_broken;
    /** The whole partition can be mapped; else there are too few pages, as on a chip in use. */
    bool maps_whole;
    /** Counts likewise; that write reports success, but one bit is wrong. */
    unsigned corrupt_write;
    /** Another label that exists too: the same flash under a second name; NULL: none. */
    const char *second_label;

    /** 1: the power goes in the next write or erase, 2: in the one after; 0: never. */
    unsigned cut_at;
    fake_flash_cut_t cut;
    /** Without power every operation fails and changes nothing, until fake_flash_power_on(). */
    bool power_off;
    /** Seed of the random bytes of a cut. */
    uint32_t random;
} fake_flash_t;

extern fake_flash_t fake_flash;

/** An erased flash of `sectors` sectors of `sector` bytes each; frees the one before. */
void fake_flash_create(uint32_t sectors, uint32_t sector);

/** Frees it; fails the test if a part is mapped still. */
void fake_flash_destroy(void);

/** Gives power back and forgets the cut that was planned: what a boot begins with. */
void fake_flash_power_on(void);

/** Puts bytes there as a flasher would: without the rules. */
void fake_flash_place(uint32_t offset, const void *data, size_t size);

#endif
