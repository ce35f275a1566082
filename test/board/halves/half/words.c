/* Names that are words of the linker's language, defined and needed. SPDX-License-Identifier: MIT
 */
#include "half.h"

int KEEP(int a);
int ADDR(int a);
extern int INFO;

int MAX(int a, int b)
{
    return a > b ? a : b;
}

int SIZEOF(int a)
{
    return 2 * a;
}

int NEXT(int a)
{
    return a + 1;
}

int LENGTH(int a)
{
    return a + 4;
}

int half_words(void)
{
    return KEEP(ADDR(INFO));
}
