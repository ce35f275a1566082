/* SPDX-License-Identifier: MIT */
#include "costly.h"

int costly_reloadable(int value)
{
    return value;
}
