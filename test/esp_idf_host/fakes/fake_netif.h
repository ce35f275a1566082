/* SPDX-License-Identifier: MIT */
#ifndef FAKE_NETIF_H
#define FAKE_NETIF_H

#include <stdbool.h>
#include <stdint.h>

#define FAKE_NETIFS 6

typedef struct {
    bool exists, up;
    uint32_t address; /**< network byte order; 0: none */
} fake_netif_t;

extern fake_netif_t fake_netifs[FAKE_NETIFS];

#endif
