/* Constants and variables that point to functions and data of the firmware. */
#include "../firmware.h"

typedef int (*operation_t)(int, int);

static const operation_t operations[2] = {firmware_add, firmware_add};
static int *const where = &firmware_counter;
const char *const firmware_pointers_name = &firmware_name[3];
unsigned *firmware_pointers_entry = &firmware_table[5];

int firmware_pointers_run(int a, int b)
{
    *where += (int)*firmware_pointers_entry;
    return operations[a & 1](a, b) + firmware_table[b & 7] + firmware_pointers_name[0];
}

int firmware_pointers_call(int a)
{
    return firmware_log("%d %s", firmware_add(a, firmware_counter), firmware_name);
}
