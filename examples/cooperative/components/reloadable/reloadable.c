/* Change the greeting, then run `idf.py reload`. SPDX-License-Identifier: MIT */
#include "reloadable.h"

#include <stdbool.h>
#include <stdio.h>

#include "esp_system.h"

static bool reloadable_is_ready;
static int reloadable_hello_count;
static const char *reloadable_greeting = "Hello";

void reloadable_init(void)
{
    if (!reloadable_is_ready) { // A whole module is new; after a patch, it is what it was
        reloadable_is_ready = true;
        reloadable_hello_count = 0;
    }
}

void reloadable_hello(const char *name)
{
    printf("%s, %s, from %s! %d\n", reloadable_greeting, name, esp_get_idf_version(), reloadable_hello_count++);
}
