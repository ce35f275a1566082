/*
 * Stand-in for ESP-IDF's header, for the tests on the host.
 *
 * SPDX-License-Identifier: MIT
 */
#pragma once

#define IRAM_ATTR

/* On a chip: memory that the start-up code does not touch. */
#define __NOINIT_ATTR
