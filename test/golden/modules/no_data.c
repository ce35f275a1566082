/* Empty .data and .bss: code alone. */
#include "../firmware.h"

int no_data_run(int a)
{
    return a < 0 ? firmware_add(a, 1) : a * 7;
}
