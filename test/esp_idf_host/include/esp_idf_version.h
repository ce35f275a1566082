/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one. The build
 * chooses the version.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_ESP_IDF_VERSION_H
#define FAKE_ESP_IDF_VERSION_H

#define ESP_IDF_VERSION_VAL(major, minor, patch) ((major << 16) | (minor << 8) | (patch))

#ifdef FAKE_IDF_VERSION
#define ESP_IDF_VERSION FAKE_IDF_VERSION
#else
#define ESP_IDF_VERSION ESP_IDF_VERSION_VAL(5, 0, 0)
#endif

#endif
