#include "../test.h"

#include "http/negotiate.h"

static void picks_a_coding(void **state)
{
    (void)state;
    enum { BOTH = CODING_GZIP | CODING_BROTLI };
    static const struct {
        const char *accept;
        unsigned offered;
        enum coding coding;
    } t[] = {
        {NULL, BOTH, CODING_IDENTITY},
        {"", BOTH, CODING_IDENTITY},
        {"gzip, deflate, br", BOTH, CODING_BROTLI},
        {"gzip, deflate, br", CODING_GZIP, CODING_GZIP},
        {"gzip, deflate, br", 0, CODING_IDENTITY},
        {"GZIP", BOTH, CODING_GZIP},
        {"br;q=0, gzip", BOTH, CODING_GZIP},
        {"br; q=0.000, gzip;q=0.5", BOTH, CODING_GZIP},
        {"br;q=0.001", BOTH, CODING_BROTLI},
        {"br;q=1.0,gzip;q=1.0", BOTH, CODING_BROTLI},
        {"brotli, gzipped, xbr", BOTH, CODING_IDENTITY},
        {"identity", BOTH, CODING_IDENTITY},
        {",,, gzip ,", BOTH, CODING_GZIP},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++)
        if (negotiate_coding(t[i].accept, t[i].offered) != t[i].coding)
            fail_msg("wrong for %s", t[i].accept);
}

static void compares_tags(void **state)
{
    (void)state;
    static const struct {
        const char *header, *tag;
        bool has;
    } t[] = {
        {NULL, "\"a\"", false},
        {"\"a\"", NULL, false},
        {"\"a\"", "\"a\"", true},
        {"W/\"a\"", "\"a\"", true},
        {"\"a\"", "W/\"a\"", true},
        {"\"b\", \"a\"", "\"a\"", true},
        {"\"b\",W/\"a\"", "\"a\"", true},
        {"*", "\"a\"", true},
        {"\"ab\"", "\"a\"", false},
        {"a", "\"a\"", false},
        {"\"a", "\"a\"", false},
        {"\"b\" \"a\"", "\"a\"", true},
        {"", "\"a\"", false},
        {"\"x,\"a\"\"", "\"a\"", false},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++)
        if (negotiate_has_tag(t[i].header, t[i].tag) != t[i].has)
            fail_msg("wrong for %s and %s", t[i].header, t[i].tag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picks_a_coding),
        cmocka_unit_test(compares_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
