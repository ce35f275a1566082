/*
 * Fake of ESP-IDF: the host's sockets, under the name that lwIP gives its own.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_LWIP_SOCKETS_H
#define FAKE_LWIP_SOCKETS_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#endif
