/* What the firmware defines. SPDX-License-Identifier: MIT */
#include "half.h"

int KEEP(int a);
int ADDR(int a);
int replacement(void);
int named_once(void);
int __wrap_read_sensor(void);
int __real_read_sensor(void);
int __wrap_read_half(void);
int __real_read_half(void);

int config_level = 5;
__attribute__((weak)) int mode = 10;
int shared_common __attribute__((common));
int INFO = 3;

int weak_in_module(void)
{
    return 11;
}

__attribute__((weak)) int weak_in_firmware(void)
{
    return 12;
}

int read_sensor(void)
{
    return 1000;
}

int __wrap_read_sensor(void)
{
    return 1 + __real_read_sensor();
}

int __wrap_read_half(void)
{
    return 50 + __real_read_half();
}

int named_once(void)
{
    return 77;
}

int replacement(void)
{
    return 2;
}

int KEEP(int a)
{
    return a + 10;
}

int ADDR(int a)
{
    return a * 3;
}
