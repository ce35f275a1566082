/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_ESP_ATTR_H
#define FAKE_ESP_ATTR_H

#define IRAM_ATTR
#define NOINLINE_ATTR __attribute__((noinline))

/* On a chip: memory that the start-up code does not touch. Tests find it by its section. */
#define __NOINIT_ATTR __attribute__((section("noinit")))

#endif
