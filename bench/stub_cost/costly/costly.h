/* SPDX-License-Identifier: MIT */
#pragma once

/** Returns its argument: in the module, so it is called through a stub. */
int costly_reloadable(int value);
