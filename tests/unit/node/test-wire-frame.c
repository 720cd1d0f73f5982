#include "../test.h"

#include "node/wire-frame.h"

#include <errno.h>
#include <math.h>

static struct frame *frame_of(const double *v, uint32_t n)
{
    struct frame *f = mem_alloc(sizeof *f + n * sizeof *v);
    f->time_ms = 1000;
    f->n = n;
    if (n)
        memcpy(f->values, v, n * sizeof *v);
    return f;
}

/* Prints and parses; the values must be the same to the bit. Returns how many bytes it took. */
static size_t there_and_back(struct wire_values *up, struct wire_values *down, const double *v,
                             uint32_t n)
{
    struct frame *f = frame_of(v, n), *back = NULL;
    struct str out = {0};
    wire_frame_print(up, f, &out);
    assert_int_equal(
        wire_frame_parse(down, f->time_ms, n, (const uint8_t *)str_text(&out), out.len, &back), 0);
    assert_int_equal(back->n, n);
    assert_int_equal(back->time_ms, 1000);
    for (uint32_t i = 0; i < n; i++)
        if (!isnan(v[i]) || !isnan(back->values[i]))
            assert_memory_equal(&back->values[i], &v[i], sizeof *v);
    size_t len = out.len;
    str_done(&out);
    mem_free(f);
    mem_free(back);
    return len;
}

static void test_values(void **state)
{
    (void)state;
    const double v[] = {0,
                        1,
                        -1,
                        0.01,
                        12345.67,
                        0.1,
                        1e300,
                        -1e-300,
                        -0.0,
                        INFINITY,
                        (double)NAN,
                        4503599627370497.0,
                        9007199254740993.0,
                        1.0 / 3,
                        1e15,
                        -1e15,
                        100.0 / 3,
                        0.000001,
                        123.456789,
                        -INFINITY};
    const double w[COUNT_OF(v)] = {0};
    struct wire_values up = {0}, down = {0};
    there_and_back(&up, &down, v, COUNT_OF(v));
    assert_int_equal(there_and_back(&up, &down, v, COUNT_OF(v)), 0);
    there_and_back(&up, &down, w, COUNT_OF(v));
    there_and_back(&up, &down, v, COUNT_OF(v));
    there_and_back(&up, &down, v, 3);
    there_and_back(&up, &down, v, COUNT_OF(v));
    there_and_back(&up, &down, v, 0);
    wire_values_done(&up);
    wire_values_done(&down);
}

static void test_random_walks(void **state)
{
    (void)state;
    enum { N = 500, TICKS = 200 };
    double v[N] = {0};
    struct wire_values up = {0}, down = {0};
    uint64_t seed = 1;
    for (int tick = 0; tick < TICKS; tick++) {
        for (int i = 0; i < N; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            unsigned dice = (unsigned)(seed >> 60), step = (unsigned)(seed >> 40) & 0xfff;
            if (dice < 4)
                v[i] += step;
            else if (dice < 6)
                v[i] = (double)step / 100;
            else if (dice == 6)
                memcpy(&v[i], &seed, sizeof seed);
            else if (dice == 7)
                v[i] = (double)NAN;
        }
        there_and_back(&up, &down, v, N);
    }
    wire_values_done(&up);
    wire_values_done(&down);
}

/* A thousand series of a machine at work: what one second costs on the wire. */
static void test_size(void **state)
{
    (void)state;
    enum { N = 1000 };
    double v[N];
    struct wire_values up = {0}, down = {0};
    for (int i = 0; i < N; i++)
        v[i] = i * 1000;
    there_and_back(&up, &down, v, N);
    for (int i = 0; i < N; i += 3)
        v[i] += i % 2 ? 0.37 : 1500;
    assert_true(there_and_back(&up, &down, v, N) < 2000);
    wire_values_done(&up);
    wire_values_done(&down);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        uint32_t n;
        int r;
    } rows[] = {{"\1", 1, 5, -EBADMSG},
                {"\1\1", 2, 5, -EBADMSG},
                {"\5\1\0", 3, 5, -EBADMSG},
                {"\0\6\0\0\0\0\0\0", 8, 5, -EBADMSG},
                {"\0\1\7", 3, 5, -EBADMSG},
                {"\0\1\7abcdefg", 10, 5, -EBADMSG},
                {"\0\1\x0b", 3, 5, -EBADMSG},
                {"\0\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 13, 5, -EBADMSG},
                {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\1\0", 12, 5, -EBADMSG},
                {"", 0, LIMIT_WIRE_SERIES + 1, -EMSGSIZE}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct wire_values w = {0};
        struct frame *f = NULL;
        assert_int_equal(
            wire_frame_parse(&w, 0, rows[i].n, (const uint8_t *)rows[i].bytes, rows[i].len, &f),
            rows[i].r);
        assert_null(f);
        wire_values_done(&w);
    }
}

static void test_nearest(void **state)
{
    (void)state;
    const double largest = 4503599627370495.5,
                 odd[] = {0, 0.5, 0.49999999999999994, 1.5, 2.5, 1e15, 0.1, 123456.499999, largest};
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        assert_int_equal(wire_nearest(odd[i]), llround(odd[i]));
        assert_int_equal(wire_nearest(-odd[i]), llround(-odd[i]));
    }
    uint64_t x = 88172645463325252;
    for (int i = 0; i < 100000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        double v = ((double)(int64_t)x) / (double)(UINT64_C(1) << (12 + i % 52));
        assert_int_equal(wire_nearest(v), llround(v));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nearest),
                                       cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_random_walks),
                                       cmocka_unit_test(test_size), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
