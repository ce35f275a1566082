/* SPDX-License-Identifier: MIT */
#ifndef FAKE_TIMER_H
#define FAKE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/** Timers that exist. */
extern int fake_timers;
/** What the running timer was started with, in microseconds; 0: none runs. */
extern uint64_t fake_timer_us;
/** The next esp_timer_create() fails. */
extern bool fake_timer_fails;

/** Lets the running timer expire: what its task does. */
void fake_timer_expire(void);

/** The next xTaskCreate() fails. */
extern bool fake_task_fails;

/** Runs the task that was created, to its end. @return false: there is none */
bool fake_task_run(void);

#endif
