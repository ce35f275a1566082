/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_SOC_SOC_CAPS_H
#define FAKE_SOC_SOC_CAPS_H

#include CHIP_HEADER

#endif
