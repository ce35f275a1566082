/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_SDKCONFIG_H
#define FAKE_SDKCONFIG_H

/* The options come from CMakeLists.txt, as definitions of each test. */

#endif
