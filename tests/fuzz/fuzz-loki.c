/* A file of the folder of what waits for Loki, with any content: it is whole or refused, and the
 * places in it are few and print as they were read. */
#include "fuzz.h"

#include "node/loki-private.h"

static void check_places(const char *text, size_t n)
{
    struct loki_places p = {0}, q = {0};
    AUTO(str_done) struct str once = {0}, again = {0};
    if (loki_places_parse(&p, text, n) == 0) {
        FUZZ_CHECK(p.v.n <= LIMIT_LOKI_SOURCES);
        loki_places_print(&p, &once);
        FUZZ_CHECK(loki_places_parse(&q, once.p, once.len) == 0);
        loki_places_print(&q, &again);
        FUZZ_CHECK(str_eq(once.p, again.p));
    }
    loki_places_done(&p);
    loki_places_done(&q);
}

static void check_file(const char *bytes, size_t n)
{
    struct loki_file f = {0}, g = {0};
    AUTO(str_done) struct str printed = {0};
    if (loki_file_parse(bytes, n, &f) < 0)
        return;
    loki_file_print(&f, &printed);
    FUZZ_CHECK(loki_file_parse(printed.p, printed.len, &g) == 0 && g.number == f.number);
    loki_file_done(&f);
    loki_file_done(&g);
}

static void check_name(const char *bytes, size_t n)
{
    struct map seen = {0};
    AUTO(mem_freep) char *name = mem_strndup(bytes, n);
    FUZZ_CHECK(strlen(loki_name(&seen, name)) <= LIMIT_LOKI_NAME);
    loki_names_done(&seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    check_file(bytes, size);
    check_places(bytes, size);
    check_name(bytes, size);
    return 0;
}
