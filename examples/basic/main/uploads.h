/* SPDX-License-Identifier: MIT */
#ifndef UPLOADS_H
#define UPLOADS_H

/**
 * Makes it possible to send modules: by the network, or by the console. What fails is in the log:
 * without a network, the code that is there goes on.
 */
void start_uploads(void);

#endif
