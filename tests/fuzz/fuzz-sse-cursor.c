/* What a client says about where its stream is to begin: `Last-Event-ID` in the first line of the
 * input, `?topics=` in the second. */
#include "fuzz.h"

#include "base/str.h"
#include "stream/topics-private.h"

static const uint64_t EPOCH = 1764000000123;
enum { ENTRIES = 8, APPENDED = 20 };

static struct event_log *make_log(void)
{
    struct event_log_limits limits = {.entries = ENTRIES, .bytes = 4096, .frame_bytes = 4096};
    struct event_log *log = event_log_new(&limits, EPOCH);
    for (int i = 0; i < APPENDED; i++) {
        uint64_t sequence;
        struct event_draft d = {.topic = EVENT_CLASS_FEED, .type = "t", .data = "{}", .len = 2};
        FUZZ_CHECK(event_log_append(log, &d, &sequence) == 0);
    }
    return log;
}

static void try_cursor(const struct event_log *log, const char *id)
{
    char again[EVENT_ID_SIZE];
    uint64_t next = 0, same = 0;
    int r = event_log_resume(log, id, &next);
    FUZZ_CHECK(r == 0 || r == -ESTALE || r == -EINVAL);
    FUZZ_CHECK((r == 0) == (next != 0));
    if (r < 0)
        return;
    FUZZ_CHECK(next > APPENDED - ENTRIES && next <= APPENDED + 1);
    FUZZ_CHECK(event_log_resume(log, event_log_id(log, next - 1, again), &same) == 0);
    FUZZ_CHECK(same == next);
}

static void try_topics(const char *text)
{
    struct event_topics t = {.classes = ~0u};
    struct topic_filter f;
    struct err e = {0};
    int r = event_topics_parse(text, &t, &e);
    FUZZ_CHECK(r == 0 || r == -EINVAL);
    if (r < 0) {
        FUZZ_CHECK(t.classes == ~0u && e.text[0]);
        return;
    }
    FUZZ_CHECK(t.classes < 1u << EVENT_CLASS_COUNT && t.n <= LIMIT_SUBSCRIBED_RESOURCES);
    FUZZ_CHECK(t.classes || t.n);
    topic_filter_init(&f, &t);
    for (unsigned i = 0; i < t.n; i++)
        FUZZ_CHECK(topic_filter_has(&f, t.only[i].topic, t.only[i].hash));
    topic_filter_done(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct event_log *log; /* made once; reachable to the end */
    if (!log)
        log = make_log();
    char *text = mem_strndup((const char *)data, size);
    char *topics = strchr(text, '\n');
    if (topics)
        *topics++ = '\0';
    try_cursor(log, text);
    if (topics)
        try_topics(topics);
    mem_free(text);
    return 0;
}
