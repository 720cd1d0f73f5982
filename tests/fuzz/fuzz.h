/* What every fuzz target includes: it defines LLVMFuzzerTestOneInput(), which must be able to run
 * any number of times in one process, and aborts when a promise is broken. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)
