#include "../test.h"

#include "cli/sse.h"

#include <stdio.h>

static struct str seen;

static bool note(void *arg, const struct stream_event *e)
{
    (void)arg;
    str_addf(&seen, "[%s|%s|%s]", e->id, e->type, e->data);
    return strcmp(e->data, "stop") != 0;
}

/* The same bytes cut at every place give the same events. */
static void pieces_of_any_size(void **state)
{
    (void)state;
    static const char bytes[] = "retry: 2000\nid: 1-0\n\n: heartbeat\n\nid: 1-1\nevent: a.b\ndata: "
                                "{\"x\":1}\n\ndata:two\r\ndata: lines\r\n\r\n";
    for (size_t cut = 0; cut <= sizeof bytes - 1; cut++) {
        struct sse_reader r = {.on_event = note};
        str_clear(&seen);
        assert_true(sse_reader_feed(&r, bytes, cut));
        assert_true(sse_reader_feed(&r, bytes + cut, sizeof bytes - 1 - cut));
        assert_string_equal(str_text(&seen), "[1-1|a.b|{\"x\":1}][1-1|message|two\nlines]");
        assert_string_equal(r.last_id.p, "1-1");
        sse_reader_done(&r);
    }
}

static void a_break_drops_what_is_half_read(void **state)
{
    (void)state;
    struct sse_reader r = {.on_event = note};
    str_clear(&seen);
    assert_true(sse_reader_feed(&r, "id: 7\ndata: half", 16));
    sse_reader_break(&r);
    assert_true(sse_reader_feed(&r, "data: whole\n\n", 13));
    assert_string_equal(str_text(&seen), "[7|message|whole]");
    assert_false(sse_reader_feed(&r, "data: stop\n\ndata: more\n\n", 24));
    assert_null(strstr(str_text(&seen), "more"));
    sse_reader_done(&r);
    str_done(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_any_size),
        cmocka_unit_test(a_break_drops_what_is_half_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
