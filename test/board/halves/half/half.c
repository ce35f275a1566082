/* The reloadable half. SPDX-License-Identifier: MIT */
#include "half.h"

#define IRAM_ATTR __attribute__((section(".iram1.0"), noinline))

__attribute__((weak)) int config_level = 1;
int mode = 20;
int level = 7;
static const char text[] = "a title";
const char *const title = text;
int shared_common __attribute__((common));
char counters[3] = {1, 2, 3};

int half_config_level(void)
{
    return config_level;
}

int half_mode(void)
{
    return mode;
}

int half_level(void)
{
    return level++;
}

int half_common(void)
{
    return shared_common++;
}

int half_counter(int index)
{
    return counters[index]++;
}

int half_pulse(int index)
{
    return pulses[index];
}

extern const int untyped_pulses[];

int half_untyped_pulse(int index)
{
    return untyped_pulses[index];
}

__attribute__((weak)) int weak_in_module(void)
{
    return 1;
}

int weak_in_firmware(void)
{
    return 2;
}

int half_calls(void)
{
    return 100 * weak_in_module() + weak_in_firmware();
}

int read_half(void)
{
    return 5;
}

int half_wrapped(void)
{
    return read_sensor();
}

extern int other_name(void);

int half_other_name(void)
{
    return other_name();
}

__attribute__((noinline)) int replaced(void)
{
    return 1;
}

int half_replaced(void)
{
    return replaced();
}

static int on_timer(int x)
{
    return x + 1; /* version */
}

callback_t *half_callback(void)
{
    return on_timer;
}

static IRAM_ATTR int on_interrupt(int x)
{
    return x + 2;
}

callback_t *half_iram_callback(void)
{
    return on_interrupt;
}

IRAM_ATTR int half_iram(int x)
{
    return x + 3;
}
