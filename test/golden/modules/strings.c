/* Strings: merged constants, arrays of them, arrays of characters. */
#include "../firmware.h"

static const char *const words[] = {"zero", "one", "two", "three", "tail of three", "three"};
static char scratch[] = "scratch";

const char *strings_word(unsigned index)
{
    scratch[index % 7] ^= 1;
    return index < 6 ? words[index] : scratch;
}

int strings_log(unsigned index)
{
    return firmware_log("%s: %s\n", "of three", strings_word(index)) + firmware_log("");
}
