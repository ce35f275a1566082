/*
 * Allocations that fail on purpose: of the heap, of text memory and of flash mappings. The linker
 * (--wrap) leads them through here.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEMORY_FAULTS_H
#define MEMORY_FAULTS_H

#include <stdbool.h>

#include "hotreload.h"

/** Lets the Nth allocation from now on fail, from 1; 0: none. */
void memory_faults_arm(unsigned number);

/** True when the allocation that was to fail has failed. */
bool memory_faults_fired(void);

/** Bytes of the heap that are in use. */
unsigned memory_in_use(void);

/**
 * Lets each allocation of loading, updating, reloading, starting and stopping the server fail once,
 * and prints what that led to, and the heap in use after each round. Nothing may be loaded.
 */
void memory_faults_all(const hotreload_config_t *config, const hotreload_server_config_t *server);

#endif
