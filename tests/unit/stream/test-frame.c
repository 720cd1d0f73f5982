#include "../test.h"

#include "stream/frame-private.h"

static void data_becomes_lines(void **state)
{
    (void)state;
    const struct {
        const char *data, *text;
    } rows[] = {
        {"{}", "event: t\ndata: {}\n\n"},
        {"", "event: t\ndata: \n\n"},
        {"a\nb", "event: t\ndata: a\ndata: b\n\n"},
        {"a\r\nb", "event: t\ndata: a\ndata: b\n\n"},
        {"a\rb", "event: t\ndata: a\ndata: b\n\n"},
        {"a\n\nb", "event: t\ndata: a\ndata: \ndata: b\n\n"},
        {"a\r\rb", "event: t\ndata: a\ndata: \ndata: b\n\n"},
        {"a\n\rb", "event: t\ndata: a\ndata: \ndata: b\n\n"},
        {"a\n", "event: t\ndata: a\ndata: \n\n"},
        {"a\r", "event: t\ndata: a\ndata: \n\n"},
        {"\n", "event: t\ndata: \ndata: \n\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct event_frame *f = event_frame_new("t", rows[i].data, strlen(rows[i].data));
        assert_int_equal(f->len, strlen(rows[i].text));
        assert_memory_equal(f->text, rows[i].text, f->len);
        event_frame_unref(f);
    }
}

static void ids_of_any_length_fit(void **state)
{
    (void)state;
    const struct {
        uint64_t epoch, sequence;
        const char *text;
    } rows[] = {
        {1, 2, "id: 1-2\nevent: t\ndata: x\n\n"},
        {UINT64_MAX, UINT64_MAX,
         "id: 18446744073709551615-18446744073709551615\nevent: t\ndata: x\n\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct event_frame *f = event_frame_new("t", "x", 1);
        event_frame_set_id(f, rows[i].epoch, rows[i].sequence);
        assert_int_equal(f->len, strlen(rows[i].text));
        assert_memory_equal(f->text, rows[i].text, f->len);
        assert_int_equal(f->sequence, rows[i].sequence);
        event_frame_unref(f);
    }
}

static void no_memory_is_an_answer(void **state)
{
    (void)state;
    mem_fail_nth(1);
    assert_null(event_frame_new("t", "x", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_becomes_lines),
        cmocka_unit_test(ids_of_any_length_fit),
        cmocka_unit_test(no_memory_is_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
