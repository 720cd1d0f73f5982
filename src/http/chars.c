#include "http/chars.h"

/* Ranges of designators: every compiler of ours has them, and the table reads like the grammar. */
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wgnu-designator"
#else
#pragma GCC diagnostic ignored "-Wpedantic"
#endif

#define T CHAR_TOKEN
#define V CHAR_VALUE
#define R CHAR_TARGET
#define H CHAR_HOST

const unsigned char char_classes[256] = {
    ['\t'] = V,
    [' '] = V,
    ['!'] = T | V | R,
    ['"'] = V | R,
    ['#'] = T | V,
    ['$' ... '\''] = T | V | R,
    ['('] = V | R,
    [')'] = V | R,
    ['*'] = T | V | R,
    ['+'] = T | V | R,
    [','] = V | R,
    ['-'] = T | V | R | H,
    ['.'] = T | V | R | H,
    ['/'] = V | R,
    ['0' ... '9'] = T | V | R | H,
    [':' ... '@'] = V | R,
    ['A' ... 'Z'] = T | V | R | H,
    ['['] = V | R,
    ['\\'] = V,
    [']'] = V | R,
    ['^'] = T | V | R,
    ['_'] = T | V | R | H,
    ['`'] = T | V | R,
    ['a' ... 'z'] = T | V | R | H,
    ['{'] = V | R,
    ['|'] = T | V | R,
    ['}'] = V | R,
    ['~'] = T | V | R,
    [0x80 ... 0xff] = V,
};

int char_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = char_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
