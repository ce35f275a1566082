/* Constructors and destructors: arrays of function pointers in the data segment. */
#include "../firmware.h"

static int ready;

__attribute__((constructor)) static void start(void)
{
    ready = firmware_add(ready, 1);
}

__attribute__((constructor(200))) static void start_early(void)
{
    ready = 10;
}

__attribute__((destructor)) static void stop(void)
{
    ready = 0;
}

int constructors_ready(void)
{
    return ready;
}
