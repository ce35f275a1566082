/* SPDX-License-Identifier: MIT */
#ifndef FAKE_APP_H
#define FAKE_APP_H

/** The identity of the firmware. */
#define FAKE_APP_SHA256                                                                            \
    {                                                                                              \
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, \
            26, 27, 28, 29, 30, 31, 32                                                             \
    }

#endif
