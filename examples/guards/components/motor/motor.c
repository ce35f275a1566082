/* SPDX-License-Identifier: MIT */
#include "motor.h"

#include <stdio.h>

void motor_step(motor_t *motor, int milliseconds)
{
    motor->position += motor->speed * milliseconds;
}

void motor_show(const motor_t *motor, const char *name)
{
    printf("%s: %d\n", name, motor->position);
}
