/* So much at once, and one more each so many milliseconds: for who could otherwise fill what others
 * need. Zero = nothing was taken yet. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct share {
    unsigned used;
    int64_t at_ms; /* counted up to then */
};

bool share_take(struct share *s, unsigned at_once, int64_t each_ms, int64_t now_ms);
