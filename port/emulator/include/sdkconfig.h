/*
 * The options of hotreload's Kconfig that its header uses, with their defaults.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SDKCONFIG_H
#define SDKCONFIG_H

#define CONFIG_HOTRELOAD_PARTITION_LABEL "hotreload"
#define CONFIG_HOTRELOAD_SERVER          1
#define CONFIG_HOTRELOAD_SERVER_PORT     8080
#define CONFIG_HOTRELOAD_SERIAL          1

#endif
