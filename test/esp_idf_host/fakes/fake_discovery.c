/* SPDX-License-Identifier: MIT */
#include "fake_discovery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "discovery/discovery.h"

uint16_t fake_discovery_port;

void hotreload_discovery_announce(uint16_t port)
{
    assert_int_equal(fake_discovery_port, 0);
    fake_discovery_port = port;
}

void hotreload_discovery_withdraw(void)
{
    assert_int_not_equal(fake_discovery_port, 0);
    fake_discovery_port = 0;
}
