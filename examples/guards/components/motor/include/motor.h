/*
 * A component to try the guards on: its structure crosses the border to the firmware.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MOTOR_H
#define MOTOR_H

typedef struct {
    int position;
    int speed;
} motor_t;

/** Moves on for some time. */
void motor_step(motor_t *motor, int milliseconds);

/** Prints where the motor is. */
void motor_show(const motor_t *motor, const char *name);

#endif
