/*
 * The modules that tasks upload and load. Each has a length of its own, so that one that runs can
 * be told from its text, and a constructor and a destructor.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CANDIDATES_H
#define CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thread_port.h"

#define CANDIDATES 24u
/** The last one wants so much .bss that a small RAM never holds it. */
#define CANDIDATE_HUGE (CANDIDATES - 1)
/** RAM for any of the others, but not for every two of them, bytes. */
#define CANDIDATE_SMALL_RAM 800u
/** The longest file, in sectors of THREAD_FLASH_SECTOR, with the header of its record. */
#define CANDIDATE_SECTORS 3u

typedef struct {
    uint8_t *file;
    size_t size;
    thread_port_digest_t sha256;
    char sha256_hex[65];
    char hmac_hex[65];
    uint32_t text_size; /**< bytes */
    bool may_load;      /**< set before tasks start: some task offers it whole and authentic */
} candidate_t;

extern candidate_t candidates[CANDIDATES];

/** Builds them all; after thread_port_begin(), once. */
void candidates_build(void);

/** A digest as headers carry it. */
void candidate_to_hex(thread_port_digest_t digest, char hex[65]);

/** The one with so much text; else the program ends. */
const candidate_t *candidate_of_text(uint32_t text_size);

/**
 * Ends the program unless the table leads to a candidate that may be loaded, whole, or only to the
 * missing handlers. The caller holds HOTRELOAD_LOCK_MODULE.
 */
void candidates_check_loaded(void);

/** Likewise, and it has to be this one; NULL: none. */
void candidate_expect_loaded(const candidate_t *candidate);

#endif
