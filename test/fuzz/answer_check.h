/*
 * Checks what the device answers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FUZZ_ANSWER_CHECK_H
#define FUZZ_ANSWER_CHECK_H

/** Aborts unless the status is a documented one and the body one JSON object that fits to it. */
void answer_check(int status, const char *body);

#endif
