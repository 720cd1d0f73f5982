/* JSON bodies: whatever is accepted is within the limits, and what the writer makes of its texts
 * and numbers is read back the same. */
#include "fuzz.h"

#include "base/clock.h"
#include "base/json.h"

enum { LIMIT_INPUT = 1 << 16 };

static unsigned depth_of(const json_t *v)
{
    unsigned deepest = 0;
    size_t i;
    const char *key;
    json_t *item;
    json_array_foreach (v, i, item)
        deepest = depth_of(item) > deepest ? depth_of(item) : deepest;
    json_object_foreach ((json_t *)v, key, item)
        deepest = depth_of(item) > deepest ? depth_of(item) : deepest;
    return json_is_array(v) || json_is_object(v) ? deepest + 1 : 0;
}

/* A string of any bytes becomes one valid JSON string. */
static void write_any_bytes(const char *bytes, size_t n)
{
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_array(&w);
    jw_str_n(&w, bytes, n);
    jw_end_array(&w);
    json_t *back = NULL;
    FUZZ_CHECK(json_parse(out.p, out.len, SIZE_MAX, NULL, &back) == 0 || memchr(bytes, 0, n));
    json_decref(back);
    str_done(&out);
}

static void parse_words(const char *text)
{
    int64_t ms = 0;
    char again[CLOCK_RFC3339_SIZE];
    if (clock_parse_rfc3339(text, &ms) == 0 && ms >= 0 && ms < 253402300800000) {
        int64_t same = 0;
        FUZZ_CHECK(clock_parse_rfc3339(clock_rfc3339(ms, again), &same) == 0 && same == ms);
    }
    if (clock_parse_duration(text, &ms) == 0)
        FUZZ_CHECK(ms >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *v = NULL;
    struct err e = {0};
    if (json_parse((const char *)data, size, LIMIT_INPUT, &e, &v) == 0) {
        FUZZ_CHECK(size <= LIMIT_INPUT && depth_of(v) <= LIMIT_JSON_DEPTH);
        json_decref(v);
    } else {
        FUZZ_CHECK(e.text[0]);
    }
    write_any_bytes((const char *)data, size);
    char *text = mem_strndup((const char *)data, size);
    parse_words(text);
    mem_free(text);
    return 0;
}
