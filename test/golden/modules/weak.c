/* Weak functions: defined here, and one that nobody defines. */
#include "../firmware.h"

__attribute__((weak)) int weak_hook(int x)
{
    return x + 1;
}

int weak_run(int x)
{
    int result = weak_hook(x);
    if (firmware_absent) {
        result += firmware_absent(x);
    }
    return result;
}
