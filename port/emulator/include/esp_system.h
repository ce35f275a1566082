/*
 * The part of ESP-IDF's esp_system.h that the examples use, for the emulated board.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ESP_SYSTEM_H
#define ESP_SYSTEM_H

#ifdef __cplusplus
extern "C" {
#endif

/** There is no ESP-IDF here: names the board in the place of a version. Any task. */
const char *esp_get_idf_version(void);

#ifdef __cplusplus
}
#endif

#endif
