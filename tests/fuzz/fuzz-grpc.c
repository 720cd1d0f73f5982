/* gRPC's messages in a stream: however the bytes are cut, the messages and the verdict are the
 * same. Then the text parts of its headers. */
#include "fuzz.h"

#include "rpc/framer.h"
#include "rpc/status.h"

enum { INPUT_MAX = 16 * 1024 };

static int keep(void *arg, const void *bytes, size_t len)
{
    struct str *all = arg;
    str_add_u64(all, len);
    str_add_char(all, ':');
    if (len <= INPUT_MAX)
        str_add_n(all, bytes, len);
    return 0;
}

static int feed(const uint8_t *data, size_t size, size_t step, bool gzip, struct str *all)
{
    struct framer f = {.gzip = gzip};
    int r = 0;
    for (size_t i = 0; i < size && r == 0; i += step)
        r = framer_feed(&f, data + i, size - i < step ? size - i : step, keep, all);
    if (r == 0 && framer_is_between(&f))
        str_add(all, "whole");
    framer_done(&f);
    return r;
}

static void check_texts(const char *s, size_t n)
{
    char message[RPC_MESSAGE_MAX], again[RPC_MESSAGE_MAX];
    struct str out = {0};
    uint64_t ms;
    rpc_message_parse(s, n, message);
    rpc_message_print(message, &out);
    rpc_message_parse(str_text(&out), out.len, again);
    FUZZ_CHECK(str_eq(message, again));
    str_done(&out);
    if (rpc_timeout_parse(s, n, &ms) == 0)
        FUZZ_CHECK(ms <= 99999999ull * 3600000);
    FUZZ_CHECK(rpc_code_parse(s, n) <= RPC_UNAUTHENTICATED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > INPUT_MAX)
        return 0;
    struct str whole = {0}, cut = {0};
    bool gzip = data[0] & 1;
    size_t step = (data[0] >> 1) + 1u;
    int a = feed(data + 1, size - 1, size, gzip, &whole);
    int b = feed(data + 1, size - 1, step, gzip, &cut);
    FUZZ_CHECK(a == b);
    FUZZ_CHECK(str_eq(str_text(&whole), str_text(&cut)));
    str_done(&whole);
    str_done(&cut);
    check_texts((const char *)data + 1, size - 1);
    return 0;
}
