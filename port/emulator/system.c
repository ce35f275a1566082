/* SPDX-License-Identifier: MIT */
#include "esp_system.h"

const char *esp_get_idf_version(void)
{
    return "the emulated board";
}
