/* SPDX-License-Identifier: MIT */
#ifndef UPLOADS_H
#define UPLOADS_H

/** Makes it possible to send modules: by the network, or by the console. */
void start_uploads(void);

#endif
