/* SPDX-License-Identifier: MIT */
#ifndef NETWORK_H
#define NETWORK_H

/** Connects to Wi-Fi or Ethernet. If that fails, the log says so, and the code that is there runs.
 */
void connect_to_network(void);

#endif
