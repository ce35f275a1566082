/* SPDX-License-Identifier: MIT */
#include "linux.h"
#include "port.h"

void hotreload_port_random(void *data, size_t size)
{
    if (linux_random(data, size) != (int)size) {
        hotreload_port_panic("the kernel has no random numbers"); /* a guessed nonce is worse */
    }
}
