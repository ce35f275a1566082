/* SPDX-License-Identifier: MIT */
#include "input.h"

uint8_t input_byte(input_t *input)
{
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->at++;
}

uint32_t input_below(input_t *input, uint32_t limit)
{
    uint32_t number = input_byte(input);
    for (int i = 0; i < 3 && limit > 256; i++) {
        number = number << 8 | input_byte(input);
    }
    return limit > 0 ? number % limit : 0;
}

size_t input_bytes(input_t *input, size_t size, const uint8_t **bytes)
{
    size_t taken = size < input->left ? size : input->left;
    *bytes = input->at;
    input->at += taken;
    input->left -= taken;
    return taken;
}
