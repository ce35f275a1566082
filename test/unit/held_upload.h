/*
 * Helpers of the tests of uploads that are received into RAM, on a flash of small sectors: even the
 * smallest module takes several of them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HELD_UPLOAD_H
#define HELD_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "sent.h"
#include "run/status.h"

/** Pieces in which the module of loaded.h is written: its sectors, and the end of its record. */
#define HELD_UPLOAD_PIECES 3u

/** As loaded_set_up(), on a flash of small sectors: set-up of a test. */
int held_upload_set_up(void **state);

/** Forgets what waits, then as loaded_tear_down(). */
int held_upload_tear_down(void **state);

/** Uploads the module `seed` of loaded.h with run_from_ram_first. @return the status answered */
int held_upload_send(uint32_t seed, hotreload_answer_t *answer);

/** The same with the bytes of another module, which it frees. */
int held_upload_send_body(uint8_t *body, size_t size, hotreload_answer_t *answer);

/** Likewise; fails the test unless it is accepted as this sequence and waits in RAM. */
void held_upload_expect(uint32_t seed, uint32_t sequence);

/** Writes `pieces` of what waits. @return whether there is more */
bool held_upload_settle(unsigned pieces);

/** Restarts and loads. @param crashed how the last run ended; the module `seed` must run then */
void held_upload_boot(bool crashed, uint32_t seed);

#endif
