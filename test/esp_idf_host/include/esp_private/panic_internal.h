/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_ESP_PRIVATE_PANIC_INTERNAL_H
#define FAKE_ESP_PRIVATE_PANIC_INTERNAL_H

void panic_print_str(const char *str);
void panic_print_hex(int h);
void panic_print_registers(const void *frame, int core);
void panic_print_backtrace(const void *frame, int core);

#endif
