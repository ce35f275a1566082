/* The file that the tests edit. SPDX-License-Identifier: MIT */
#include "exercises.h"

int exercise_marker(void)
{
    return 1;
}
