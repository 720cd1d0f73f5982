/* An HTTP answer, fed in pieces whose size the first byte gives. */
#include "fuzz.h"

#include "io/answer-parser.h"

static bool count_body(void *arg, const char *bytes, size_t n)
{
    (void)bytes;
    *(size_t *)arg += n;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t body = 0, step = size ? (size_t)data[0] + 1 : 1, at = 1;
    struct answer_parser p = {.on_body = count_body, .arg = &body};
    int r = 0;
    for (; r == 0 && at < size; at += step)
        r = answer_feed(&p, (const char *)data + at, size - at < step ? size - at : step);
    if (r == 0)
        r = answer_close(&p);
    FUZZ_CHECK(r != 0 && body <= size);
    FUZZ_CHECK(r < 0 || (p.status >= 100 && p.status <= 999));
    answer_parser_done(&p);
    return 0;
}
