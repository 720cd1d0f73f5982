/* The cursor, against a socket that takes exactly as many bytes as the test says: send() and
 * sendmsg() are this file's own. */
#include "../test.h"

#include "base/str.h"
#include "stream/subscriber-private.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>

static struct {
    size_t room;      /* bytes that the socket still takes */
    int error;        /* instead of EAGAIN */
    unsigned writes;  /* calls that took something */
    unsigned singles; /* of them by send() */
    struct str got;
} wire;

static ssize_t take(const struct iovec *iov, size_t n)
{
    size_t taken = 0;
    for (size_t i = 0; i < n && wire.room; i++) {
        size_t k = iov[i].iov_len < wire.room ? iov[i].iov_len : wire.room;
        str_add_n(&wire.got, iov[i].iov_base, k);
        wire.room -= k;
        taken += k;
    }
    if (!taken) {
        errno = wire.error ? wire.error : EAGAIN;
        return -1;
    }
    wire.writes++;
    return (ssize_t)taken;
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
    (void)fd;
    assert_true(flags & MSG_NOSIGNAL);
    wire.singles++;
    return take(&(struct iovec){(void *)bytes, n}, 1);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    (void)fd;
    assert_true(flags & MSG_NOSIGNAL);
    return take(m->msg_iov, m->msg_iovlen);
}

/* ---- a log and its reader ---- */

static struct event_log *log_;
static struct event_window window;
static struct send_counts counts;

static int begin(void **state)
{
    (void)state;
    struct event_log_limits limits = {.entries = 8, .bytes = 1 << 20, .frame_bytes = 1 << 18};
    log_ = event_log_new(&limits, 5);
    event_window_init(&window, log_);
    str_clear(&wire.got);
    wire.room = SIZE_MAX;
    wire.error = 0;
    wire.writes = wire.singles = 0;
    counts = (struct send_counts){0};
    return 0;
}

static int end(void **state)
{
    (void)state;
    event_window_done(&window);
    event_log_free(log_);
    str_done(&wire.got);
    return 0;
}

static void add_of(enum event_class topic, const char *resource, uint64_t permissions,
                   const char *data)
{
    uint64_t sequence;
    struct event_draft d = {topic, resource, "e", permissions, data, strlen(data)};
    assert_int_equal(event_log_append(log_, &d, &sequence), 0);
    event_window_sync(&window);
}

static void add(const char *data)
{
    add_of(EVENT_CLASS_CUSTOM, NULL, 0, data);
}

static struct subscriber *reader(const char *topics, uint64_t permissions)
{
    struct event_topics t;
    assert_int_equal(event_topics_parse(topics, &t, NULL), 0);
    struct subscriber *s = subscriber_new(-1, &t, permissions, 0);
    s->next = 1;
    return s;
}

static enum sent serve(struct subscriber *s)
{
    return subscriber_send(s, &window, &counts);
}

static void one_event_is_one_send(void **state)
{
    (void)state;
    struct subscriber *s = reader("", 0);
    add("A");
    assert_int_equal(serve(s), SENT_ALL);
    assert_string_equal(wire.got.p, "id: 5-1\nevent: e\ndata: A\n\n");
    assert_int_equal(wire.singles, 1);
    assert_int_equal(serve(s), SENT_ALL);
    assert_int_equal(wire.writes, 1); /* nothing to send is no write */
    subscriber_free(s);
}

static void missed_events_leave_in_one_write(void **state)
{
    (void)state;
    struct subscriber *s = reader("", 0);
    add("A");
    add("B");
    add("C");
    assert_int_equal(serve(s), SENT_ALL);
    assert_string_equal(wire.got.p, "id: 5-1\nevent: e\ndata: A\n\nid: 5-2\nevent: e\ndata: B\n\n"
                                    "id: 5-3\nevent: e\ndata: C\n\n");
    assert_int_equal(wire.writes, 1);
    assert_int_equal(counts.deliveries, 3);
    assert_int_equal(counts.bytes, wire.got.len);
    assert_int_equal(s->id_sent, 3);
    subscriber_free(s);
}

/* Sends everything in two pieces, cut after `cut` bytes, then in pieces of `piece`. */
static void send_cut(struct subscriber *s, size_t cut, size_t piece)
{
    enum sent sent;
    wire.room = cut;
    while ((sent = serve(s)) == SENT_BLOCKED)
        wire.room = piece;
    assert_int_equal(sent, SENT_ALL);
}

static void a_cut_at_any_byte_loses_nothing(void **state)
{
    (void)state;
    const char *whole =
        "HTTP/1.1 200 OK\r\n\r\nid: 5-1\nevent: e\ndata: A\n\n"
        "id: 5-3\nevent: e\ndata: line\ndata: two\n\nid: 5-4\nevent: e\ndata: C\n\n";
    add("A");
    add_of(EVENT_CLASS_METRICS, "x", 0, "not asked for");
    add("line\ntwo");
    add("C");
    for (size_t cut = 0; cut <= strlen(whole); cut++)
        for (size_t piece = 1; piece <= 40; piece += 13) {
            struct subscriber *s = reader("", 0);
            subscriber_hold(s, event_frame_verbatim(whole, 19));
            str_clear(&wire.got);
            counts = (struct send_counts){0};
            send_cut(s, cut, piece);
            assert_string_equal(wire.got.p, whole);
            assert_int_equal(counts.deliveries, 3);
            assert_int_equal(s->next, 5);
            assert_true(subscriber_can_hold(s));
            subscriber_free(s);
        }
}

static char *big_text(char fill)
{
    char *text = mem_alloc(LIMIT_HELD_FRAME + 100);
    memset(text, fill, LIMIT_HELD_FRAME + 99);
    return text;
}

static void a_long_frame_is_cut_without_being_held(void **state)
{
    (void)state;
    char *text = big_text('L');
    struct subscriber *s = reader("", 0);
    add(text);
    add("B");
    send_cut(s, 1000, 1500);
    assert_int_equal(wire.got.len, LIMIT_HELD_FRAME + 99 + 2 * 26 - 1);
    assert_non_null(strstr(wire.got.p, "LL\n\nid: 5-2\nevent: e\ndata: B\n\n"));
    assert_int_equal(counts.deliveries, 2);
    subscriber_free(s);
    mem_free(text);
}

static void wrap(void)
{
    for (int i = 0; i < 20; i++)
        add("w");
}

static void a_cursor_out_of_the_ring_is_lost(void **state)
{
    (void)state;
    struct subscriber *s = reader("", 0);
    add("A");
    wrap();
    assert_int_equal(serve(s), SENT_LOST);
    assert_int_equal(wire.writes, 0);
    s->next = window.first;
    assert_int_equal(serve(s), SENT_ALL);
    subscriber_free(s);
}

static void a_short_frame_under_way_is_finished_first(void **state)
{
    (void)state;
    struct subscriber *s = reader("", 0);
    add("A");
    wire.room = 10;
    assert_int_equal(serve(s), SENT_BLOCKED);
    wrap();
    wire.room = SIZE_MAX;
    assert_int_equal(serve(s), SENT_LOST);
    assert_string_equal(wire.got.p, "id: 5-1\nevent: e\ndata: A\n\n");
    assert_int_equal(s->id_sent, 1);
    subscriber_free(s);
}

static void a_long_frame_under_way_ends_the_stream(void **state)
{
    (void)state;
    char *text = big_text('L');
    struct subscriber *s = reader("", 0);
    add(text);
    wire.room = 10;
    assert_int_equal(serve(s), SENT_BLOCKED);
    wrap();
    wire.room = SIZE_MAX;
    assert_int_equal(serve(s), SENT_GONE);
    subscriber_free(s);
    mem_free(text);
}

static void rights_and_topics_are_asked_for_each_event(void **state)
{
    (void)state;
    struct subscriber *s = reader("custom,metrics/n1", 3);
    add_of(EVENT_CLASS_CUSTOM, NULL, 1, "one");
    add_of(EVENT_CLASS_CUSTOM, NULL, 4, "secret");
    add_of(EVENT_CLASS_CUSTOM, NULL, 7, "secret");
    add_of(EVENT_CLASS_STATE, NULL, 0, "other");
    add_of(EVENT_CLASS_METRICS, "n1", 2, "two");
    add_of(EVENT_CLASS_METRICS, "n2", 2, "other");
    assert_int_equal(serve(s), SENT_ALL);
    assert_string_equal(wire.got.p,
                        "id: 5-1\nevent: e\ndata: one\n\nid: 5-5\nevent: e\ndata: two\n\n");
    assert_int_equal(s->next, 7);
    assert_int_equal(s->id_sent, 5);
    assert_int_equal(counts.deliveries, 2);
    subscriber_free(s);
}

static void one_visit_has_its_share(void **state)
{
    (void)state;
    char *text = mem_alloc(100001);
    memset(text, 'x', 100000);
    for (int i = 0; i < 5; i++)
        add(text);
    struct subscriber *s = reader("", 0);
    assert_int_equal(serve(s), SENT_PART);
    assert_int_equal(counts.deliveries, 2);
    assert_in_range(counts.bytes, 200000, LIMIT_VISIT_BYTES);
    assert_int_equal(serve(s), SENT_PART);
    assert_int_equal(serve(s), SENT_ALL);
    assert_int_equal(counts.deliveries, 5);
    subscriber_free(s);
    mem_free(text);
}

static void the_last_words_are_the_last(void **state)
{
    (void)state;
    struct subscriber *s = reader("", 0);
    add("A");
    subscriber_hold(s, event_frame_verbatim("bye", 3));
    s->leaving = true;
    assert_int_equal(serve(s), SENT_ALL);
    assert_string_equal(wire.got.p, "bye");
    subscriber_free(s);
}

static void a_broken_connection_is_gone(void **state)
{
    (void)state;
    struct subscriber *s = reader("", 0);
    add("A");
    wire.room = 0;
    wire.error = EPIPE;
    assert_int_equal(serve(s), SENT_GONE);
    subscriber_free(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_event_is_one_send),
        TEST(missed_events_leave_in_one_write),
        TEST(a_cut_at_any_byte_loses_nothing),
        TEST(a_long_frame_is_cut_without_being_held),
        TEST(a_cursor_out_of_the_ring_is_lost),
        TEST(a_short_frame_under_way_is_finished_first),
        TEST(a_long_frame_under_way_ends_the_stream),
        TEST(rights_and_topics_are_asked_for_each_event),
        TEST(one_visit_has_its_share),
        TEST(the_last_words_are_the_last),
        TEST(a_broken_connection_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
