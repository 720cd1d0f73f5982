#include "../test.h"

#include "base/clock.h"
#include "base/str.h"
#include "stream/fanout.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000 };

static struct event_log *log_;
static struct fanout *fan;

static void start(const struct event_log_limits *limits, const struct fanout_settings *settings)
{
    log_ = event_log_new(limits, 5);
    fan = fanout_new(log_, settings);
}

static void stop(void)
{
    fanout_free(fan);
    event_log_free(log_);
}

static void add_of(enum event_class topic, const char *resource, uint64_t permissions,
                   const char *data, size_t len)
{
    uint64_t sequence;
    struct event_draft d = {topic, resource, "e", permissions, data, len};
    assert_int_equal(event_log_append(log_, &d, &sequence), 0);
}

static void add(const char *data)
{
    add_of(EVENT_CLASS_CUSTOM, NULL, 0, data, strlen(data));
}

/* A connected pair of sockets; *ret_client is ours. */
static int pair(int *ret_client)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    *ret_client = fds[1];
    return fds[0];
}

static int attach(struct subscriber_draft d)
{
    int client;
    d.fd = pair(&client);
    d.head = d.head ? d.head : "HEAD\r\n\r\n";
    if (!d.topics.classes && !d.topics.n)
        assert_int_equal(event_topics_parse("", &d.topics, NULL), 0);
    assert_int_equal(fanout_attach(fan, &d), 0);
    return client;
}

static int attach_plain(void)
{
    return attach((struct subscriber_draft){0});
}

/* One read of what has come, waiting for it. 0 = the stream has ended. */
static size_t read_some(int fd, struct str *got, int wait_ms)
{
    char bytes[65536];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, wait_ms), 1);
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n < 0 && errno == ECONNRESET)
        n = 0;
    assert_true(n >= 0);
    str_add_n(got, bytes, (size_t)n);
    return (size_t)n;
}

static void read_until(int fd, struct str *got, const char *text)
{
    while (!strstr(str_text(got), text))
        assert_true(read_some(fd, got, PATIENCE_MS) > 0);
}

static void read_to_end(int fd, struct str *got)
{
    while (read_some(fd, got, PATIENCE_MS) > 0)
        ;
    close(fd);
}

static bool comes_to(uint64_t (*value)(void), uint64_t wanted)
{
    for (int i = 0; i < PATIENCE_MS && value() != wanted; i++)
        usleep(1000);
    return value() == wanted;
}

static uint64_t subscribers(void)
{
    return fanout_stats(fan).subscribers;
}

/* ---- the tests ---- */

static void the_first_bytes_carry_head_retry_and_id(void **state)
{
    (void)state;
    struct str got = {0};
    start(NULL, &(struct fanout_settings){.retry_ms = 1234});
    add("before");
    int fd = attach_plain();
    add("A");
    read_until(fd, &got, "A\n\n");
    assert_string_equal(got.p, "HEAD\r\n\r\nretry: 1234\nid: 5-1\n: connected\n\n"
                               "id: 5-2\nevent: e\ndata: A\n\n");
    close(fd);
    str_done(&got);
    assert_true(comes_to(subscribers, 0)); /* the hang-up is noticed */
    stop();
}

static void last_event_id_places_the_cursor(void **state)
{
    (void)state;
    struct str got = {0};
    start(NULL, &(struct fanout_settings){0});
    add("A");
    add("B");
    add("C");
    int fd = attach((struct subscriber_draft){.last_event_id = "5-1"});
    read_until(fd, &got, "C\n\n");
    assert_non_null(strstr(got.p, "id: 5-1\n: connected\n\n"
                                  "id: 5-2\nevent: e\ndata: B\n\nid: 5-3\nevent: e\ndata: C\n\n"));
    close(fd);
    str_done(&got);
    stop();
}

static struct buf *snapshot(void *arg, uint64_t permissions, uint64_t *ret_sequence)
{
    char text[64];
    int n = snprintf(text, sizeof text, "{\"of\":%llu}", (unsigned long long)permissions);
    *ret_sequence = *(uint64_t *)arg;
    return buf_new(text, (size_t)n);
}

static void an_unusable_id_gets_a_resync(void **state)
{
    (void)state;
    static const char *const ids[] = {"4-1", "5-99", "nonsense", "5-0"};
    struct event_log_limits limits = {.entries = 4, .bytes = 4000, .frame_bytes = 1000};
    uint64_t at = 8;
    start(&limits, &(struct fanout_settings){.snapshot = snapshot, .arg = &at});
    for (int i = 0; i < 10; i++)
        add("x");
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct str got = {0};
        int fd = attach((struct subscriber_draft){.last_event_id = ids[i], .permissions = 6});
        read_until(fd, &got, "id: 5-10\n");
        assert_non_null(strstr(got.p, ": connected\n\nid: 5-8\nevent: resync\n"
                                      "data: {\"snapshot\":{\"of\":6}}\n\nid: 5-9\nevent: e\n"));
        close(fd);
        str_done(&got);
    }
    assert_int_equal(fanout_stats(fan).resyncs_total, COUNT_OF(ids));
    stop();
}

static void without_a_snapshot_it_is_an_empty_object(void **state)
{
    (void)state;
    struct str got = {0};
    start(NULL, &(struct fanout_settings){0});
    add("x");
    int fd = attach((struct subscriber_draft){.last_event_id = "1-1"});
    read_until(fd, &got, "id: 5-1\nevent: resync\ndata: {\"snapshot\":{}}\n\n");
    close(fd);
    str_done(&got);
    stop();
}

static void a_slow_reader_harms_nobody_and_is_resynced(void **state)
{
    (void)state;
    struct event_log_limits limits = {.entries = 64, .bytes = 1 << 18, .frame_bytes = 1 << 16};
    struct str quick_got = {0}, slow_got = {0};
    char data[2001];
    start(&limits, &(struct fanout_settings){0});
    int slow = attach_plain(), quick = attach_plain();
    read_until(quick, &quick_got, ": connected");
    for (int i = 1; i <= 1000; i++) {
        memset(data, 'a' + i % 26, sizeof data - 1);
        int n = snprintf(data, sizeof data, "%d.", i);
        data[n] = 'x';
        add_of(EVENT_CLASS_CUSTOM, NULL, 0, data, sizeof data - 1);
        char mark[32];
        snprintf(mark, sizeof mark, "id: 5-%d\n", i);
        str_clear(&quick_got);
        read_until(quick, &quick_got, mark);
        read_until(quick, &quick_got, "\n\n");
    }
    read_until(slow, &slow_got, "event: resync\n");
    str_clear(&slow_got);
    add("after");
    read_until(slow, &slow_got, "after\n\n");
    struct fanout_stats s = fanout_stats(fan);
    assert_int_equal(s.resyncs_total, 1);
    assert_int_equal(s.subscribers, 2);
    close(slow);
    close(quick);
    str_done(&quick_got);
    str_done(&slow_got);
    stop();
}

static uint64_t stalled(void)
{
    return fanout_stats(fan).stalled_total;
}

static void a_stalled_reader_is_closed(void **state)
{
    (void)state;
    start(NULL, &(struct fanout_settings){.stall_ms = 60, .heartbeat_ms = 40});
    int fd = attach_plain();
    char *data = mem_alloc(100000);
    memset(data, 'x', 100000);
    for (int i = 0; i < 20; i++)
        add_of(EVENT_CLASS_CUSTOM, NULL, 0, data, 100000);
    assert_true(comes_to(stalled, 1));
    assert_true(comes_to(subscribers, 0));
    close(fd);
    mem_free(data);
    stop();
}

static void revoking_ends_only_that_subjects_streams(void **state)
{
    (void)state;
    struct str got = {0}, kept_got = {0};
    start(NULL, &(struct fanout_settings){.threads = 2});
    int one = attach((struct subscriber_draft){.subject = "alice"});
    int two = attach((struct subscriber_draft){.subject = "alice"});
    int other = attach((struct subscriber_draft){.subject = "bob"});
    fanout_revoke(fan, "alice");
    add("secret");
    read_to_end(one, &got);
    read_to_end(two, &got);
    assert_null(strstr(got.p, "secret"));
    read_until(other, &kept_got, "secret");
    assert_int_equal(fanout_stats(fan).revoked_total, 2);
    close(other);
    str_done(&got);
    str_done(&kept_got);
    stop();
}

static void permissions_are_checked_per_event(void **state)
{
    (void)state;
    struct str got = {0};
    start(NULL, &(struct fanout_settings){0});
    int fd = attach((struct subscriber_draft){.permissions = 1});
    add_of(EVENT_CLASS_CUSTOM, NULL, 2, "hidden", 6);
    add_of(EVENT_CLASS_CUSTOM, NULL, 1, "shown", 5);
    read_until(fd, &got, "shown");
    assert_null(strstr(got.p, "hidden"));
    close(fd);
    str_done(&got);
    stop();
}

static void a_stream_ends_with_its_subject(void **state)
{
    (void)state;
    struct str got = {0};
    start(NULL, &(struct fanout_settings){.heartbeat_ms = 40});
    int64_t now = clock_wall_ms();
    int late = attach((struct subscriber_draft){.expires_wall_ms = now + 600000});
    int soon = attach((struct subscriber_draft){.expires_wall_ms = now + 50});
    read_to_end(soon, &got);
    assert_in_range(clock_wall_ms(), now + 50, now + PATIENCE_MS);
    assert_int_equal(fanout_stats(fan).expired_total, 1);
    assert_int_equal(fanout_stats(fan).subscribers, 1);
    close(late);
    str_done(&got);
    stop();
}

static void silence_is_broken_by_heartbeats(void **state)
{
    (void)state;
    struct str got = {0};
    start(NULL, &(struct fanout_settings){.heartbeat_ms = 400});
    int fd = attach_plain();
    read_until(fd, &got, ": connected\n\n");
    for (int i = 0; i < 3; i++) {
        str_clear(&got);
        int64_t before = clock_mono_ms();
        read_until(fd, &got, "\n\n");
        assert_string_equal(got.p, ": heartbeat\n\n");
        assert_true(clock_mono_ms() - before >= 150);
    }
    /* What is not for this reader moves the id that it would resume from. */
    add_of(EVENT_CLASS_CUSTOM, NULL, 1, "hidden", 6);
    str_clear(&got);
    read_until(fd, &got, "id: 5-1\n\n");
    assert_non_null(strstr(got.p, ": heartbeat\nid: 5-1\n\n"));
    close(fd);
    str_done(&got);
    stop();
}

static void shutdown_says_goodbye_after_the_last_event(void **state)
{
    (void)state;
    struct str got = {0};
    start(NULL, &(struct fanout_settings){.retry_ms = 100});
    int fd = attach_plain();
    add("A");
    int64_t before = clock_mono_ms();
    fanout_shutdown(fan, 2 * PATIENCE_MS);
    assert_in_range(clock_mono_ms() - before, 0, PATIENCE_MS); /* as soon as all have it */
    read_to_end(fd, &got);
    const char *event = strstr(got.p, "data: A\n\nretry: ");
    assert_non_null(event);
    assert_in_range(strtol(event + strlen("data: A\n\nretry: "), NULL, 10), 100, 300);
    assert_non_null(strstr(event, "\nevent: goodbye\ndata: {}\n\n"));
    int client;
    struct subscriber_draft late = {.fd = pair(&client), .head = ""};
    assert_false(fanout_has_room(fan));
    assert_int_equal(fanout_attach(fan, &late), -ESHUTDOWN);
    read_to_end(client, &got);
    str_done(&got);
    stop();
}

static void shutdown_does_not_wait_for_the_stalled(void **state)
{
    (void)state;
    start(NULL, &(struct fanout_settings){0});
    int fd = attach_plain();
    char *data = mem_alloc(200000);
    memset(data, 'x', 200000);
    for (int i = 0; i < 10; i++)
        add_of(EVENT_CLASS_CUSTOM, NULL, 0, data, 200000);
    int64_t before = clock_mono_ms();
    fanout_shutdown(fan, 100);
    assert_in_range(clock_mono_ms() - before, 90, 5000);
    assert_int_equal(fanout_stats(fan).subscribers, 0);
    close(fd);
    mem_free(data);
    stop();
}

static void *shut_down(void *arg)
{
    fanout_shutdown(fan, PATIENCE_MS);
    return arg;
}

static void a_reader_that_catches_up_during_shutdown_gets_its_goodbye(void **state)
{
    (void)state;
    struct str got = {0};
    start(NULL, &(struct fanout_settings){0});
    int fd = attach_plain();
    char *data = mem_alloc(200000);
    memset(data, 'x', 200000);
    for (int i = 0; i < 10; i++)
        add_of(EVENT_CLASS_CUSTOM, NULL, 0, data, 200000);
    pthread_t thread;
    pthread_create(&thread, NULL, shut_down, NULL);
    read_to_end(fd, &got);
    pthread_join(thread, NULL);
    assert_true(got.len > 2000000);
    assert_true(str_ends(got.p, "\nevent: goodbye\ndata: {}\n\n"));
    str_done(&got);
    mem_free(data);
    stop();
}

static void too_many_are_refused(void **state)
{
    (void)state;
    struct str got = {0};
    start(NULL, &(struct fanout_settings){.max_subscribers = 2});
    int a = attach_plain(), b = attach_plain(), c;
    assert_false(fanout_has_room(fan));
    struct subscriber_draft d = {.fd = pair(&c), .head = ""};
    assert_int_equal(fanout_attach(fan, &d), -EAGAIN);
    read_to_end(c, &got);
    close(a);
    assert_true(comes_to(subscribers, 1));
    assert_true(fanout_has_room(fan));
    close(b);
    str_done(&got);
    stop();
}

static void chatter_is_ignored_up_to_a_limit(void **state)
{
    (void)state;
    struct str got = {0};
    char noise[1024] = "GET / HTTP/1.1\r\n\r\n";
    start(NULL, &(struct fanout_settings){0});
    int fd = attach_plain();
    assert_int_equal(send(fd, noise, sizeof noise, MSG_NOSIGNAL), sizeof noise);
    add("A");
    read_until(fd, &got, "data: A\n\n");
    for (int i = 0; i < PATIENCE_MS && subscribers() > 0; i++) {
        while (send(fd, noise, sizeof noise, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
            ;
        usleep(1000);
    }
    assert_int_equal(subscribers(), 0);
    close(fd);
    str_done(&got);
    stop();
}

static int loopback_pair(int listener, int *ret_client)
{
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    getsockname(listener, (struct sockaddr *)&a, &n);
    *ret_client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(*ret_client, (struct sockaddr *)&a, sizeof a), 0);
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

enum { CROWD = 1000, EVENTS = 20 };

static void check_crowd_member(int fd)
{
    struct str got = {0};
    char mark[32];
    snprintf(mark, sizeof mark, "data: %d.\n\n", EVENTS);
    read_until(fd, &got, mark);
    const char *at = got.p;
    for (int i = 1; i <= EVENTS; i++) {
        snprintf(mark, sizeof mark, "data: %d.\n\n", i);
        const char *found = strstr(at, mark);
        assert_non_null(found);
        assert_null(strstr(found + 1, mark));
        at = found;
    }
    str_done(&got);
    close(fd);
}

static void a_thousand_get_all_in_order(void **state)
{
    (void)state;
    static int clients[CROWD];
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(listener, 16), 0);
    start(NULL, &(struct fanout_settings){.threads = 2});
    for (int i = 0; i < CROWD; i++) {
        struct subscriber_draft d = {.fd = loopback_pair(listener, &clients[i]),
                                     .head = "H\r\n\r\n"};
        assert_int_equal(event_topics_parse("custom", &d.topics, NULL), 0);
        assert_int_equal(fanout_attach(fan, &d), 0);
    }
    for (int i = 1; i <= EVENTS; i++) {
        char data[16];
        snprintf(data, sizeof data, "%d.", i);
        add(data);
    }
    for (int i = 0; i < CROWD; i++)
        check_crowd_member(clients[i]);
    assert_true(comes_to(subscribers, 0));
    struct fanout_stats s = fanout_stats(fan);
    assert_int_equal(s.deliveries_total, CROWD * EVENTS);
    assert_int_equal(s.attached_total, CROWD);
    assert_in_range(s.writes_total, CROWD, CROWD * (EVENTS + 1));
    close(listener);
    stop();
}

/* Streams come and go while events are published: for the sanitizers, and no event twice. */
static void *publish_some(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++)
        add("x");
    return NULL;
}

static void coming_and_going_while_events_flow(void **state)
{
    (void)state;
    struct event_log_limits limits = {.entries = 100, .bytes = 1 << 16, .frame_bytes = 1 << 12};
    start(&limits, &(struct fanout_settings){.threads = 2, .heartbeat_ms = 20});
    pthread_t publisher;
    pthread_create(&publisher, NULL, publish_some, NULL);
    for (int i = 0; i < 300; i++) {
        struct str got = {0};
        int fd = attach((struct subscriber_draft){.subject = i % 2 ? "odd" : "even"});
        if (i % 3)
            read_some(fd, &got, PATIENCE_MS);
        if (i % 50 == 0)
            fanout_revoke(fan, "odd");
        close(fd);
        str_done(&got);
    }
    pthread_join(publisher, NULL);
    assert_true(comes_to(subscribers, 0));
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_bytes_carry_head_retry_and_id),
        cmocka_unit_test(last_event_id_places_the_cursor),
        cmocka_unit_test(an_unusable_id_gets_a_resync),
        cmocka_unit_test(without_a_snapshot_it_is_an_empty_object),
        cmocka_unit_test(a_slow_reader_harms_nobody_and_is_resynced),
        cmocka_unit_test(a_stalled_reader_is_closed),
        cmocka_unit_test(revoking_ends_only_that_subjects_streams),
        cmocka_unit_test(permissions_are_checked_per_event),
        cmocka_unit_test(a_stream_ends_with_its_subject),
        cmocka_unit_test(silence_is_broken_by_heartbeats),
        cmocka_unit_test(shutdown_says_goodbye_after_the_last_event),
        cmocka_unit_test(shutdown_does_not_wait_for_the_stalled),
        cmocka_unit_test(a_reader_that_catches_up_during_shutdown_gets_its_goodbye),
        cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test(chatter_is_ignored_up_to_a_limit),
        cmocka_unit_test(a_thousand_get_all_in_order),
        cmocka_unit_test(coming_and_going_while_events_flow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
