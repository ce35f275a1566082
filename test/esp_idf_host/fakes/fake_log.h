/* SPDX-License-Identifier: MIT */
#ifndef FAKE_LOG_H
#define FAKE_LOG_H

/** All lines logged since a test cleared it. */
extern char fake_log[16384];

#endif
