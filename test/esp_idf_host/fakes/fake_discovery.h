/* SPDX-License-Identifier: MIT */
#ifndef FAKE_DISCOVERY_H
#define FAKE_DISCOVERY_H

#include <stdint.h>

/** The port that is announced; 0: none. */
extern uint16_t fake_discovery_port;

#endif
