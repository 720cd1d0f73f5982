/* What services write and engines hand on. The first byte chooses the parser. */
#include "fuzz.h"

#include "node/logs-private.h"
#include "node/wire.h"

static void on_line(void *arg, unsigned stream, int64_t time_ns, const char *text, size_t n,
                    bool cut)
{
    size_t *lines = arg;
    (void)time_ns;
    (void)text;
    (void)cut;
    (*lines)++;
    FUZZ_CHECK(stream <= 2 && n <= LIMIT_LOG_TEXT + 4);
}

static void fuzz_frames(const char *text, size_t n)
{
    size_t lines = 0, half = n / 2;
    struct log_frames f = {.on_line = on_line, .arg = &lines};
    if (log_frames_feed(&f, text, half) == 0 && log_frames_feed(&f, text + half, n - half) == 0)
        log_frames_end(&f);
    log_frames_done(&f);
    FUZZ_CHECK(lines <= n + 3);
}

static void fuzz_line(const char *text, size_t n)
{
    bool cut = false;
    enum line_level level = LINE_NO_LEVEL;
    char *shown = log_clean(text, n, &cut);
    size_t len = strlen(shown);
    FUZZ_CHECK(str_is_utf8(shown, len));
    char *fields = log_fields_of_text(shown, len, &level);
    level = line_level_of_text(shown, len);
    FUZZ_CHECK(level <= LINE_NO_LEVEL);
    mem_free(fields);
    mem_free(shown);
}

static void fuzz_json(const char *text, size_t n)
{
    struct str scratch = {0};
    struct log_json_entry e;
    if (log_json_parse(text, n, &scratch, &e))
        FUZZ_CHECK((e.stream == 1 || e.stream == 2) && e.len <= n);
    str_done(&scratch);
}

static void fuzz_batch(const uint8_t *bytes, size_t n)
{
    PB(LogBatch) *m = WIRE_UNPACK(log_batch, bytes, n);
    struct log_batch b;
    if (!m)
        return;
    if (wire_log_batch_take(m, 2, NULL, &b) == 0) {
        for (size_t i = 0; i < b.lines.n; i++)
            FUZZ_CHECK(b.lines.v[i].source < 2 &&
                       str_is_utf8(b.lines.v[i].text, strlen(b.lines.v[i].text)));
        log_batch_settle(&b, 10, n % 2);
        log_batch_done(&b);
    }
    hydra__agent__v1__log_batch__free_unpacked(m, NULL);
}

static void fuzz_query(const uint8_t *bytes, size_t n)
{
    PB(LogQuery) *m = hydra__agent__v1__log_query__unpack(NULL, n, bytes);
    struct log_query q;
    if (!m)
        return;
    m->regex = false; /* PCRE2 has fuzzers of its own */
    if (wire_log_query_take(m, NULL, &q) == 0) {
        FUZZ_CHECK(q.limit >= 1 && q.limit <= LIMIT_LOG_LINES);
        log_query_done(&q);
    }
    hydra__agent__v1__log_query__free_unpacked(m, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t ns = 0;
    if (size < 1)
        return 0;
    const char *text = (const char *)data + 1;
    switch (data[0]) {
    case 'f':
        fuzz_frames(text, size - 1);
        break;
    case 't':
        FUZZ_CHECK(log_parse_time(text, size - 1, &ns) <= size - 1);
        break;
    case 'j':
        fuzz_json(text, size - 1);
        break;
    case 'b':
        fuzz_batch(data + 1, size - 1);
        break;
    case 'q':
        fuzz_query(data + 1, size - 1);
        break;
    default:
        fuzz_line(text, size - 1);
    }
    return 0;
}
