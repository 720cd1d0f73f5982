/* Back in time through an engine's log of a container: a window after the other, of what the engine
 * says or of its file. */
#include "node/logs-docker-private.h"

#include "base/clock.h"

static int read_window(struct docker_log *d)
{
    docker_log_clear(d);
    int64_t begun_ms = clock_mono_ms();
    int r = docker_log_ask(d);
    while (r == 0 && (r = docker_log_read(d, true)) == 1)
        r = clock_mono_ms() - begun_ms > ROUND_MAX_MS
                ? docker_log_fail(d, -ETIME, "The log is too long to be searched in time.")
                : 0;
    docker_log_drop(d);
    return r;
}

/* The same of the file; `tail` counts bytes. */
static int read_file_window(struct docker_log *d)
{
    docker_log_clear(d);
    d->frames = (struct log_frames){.on_line = docker_log_line, .arg = d};
    d->last = (struct place_ns){0};
    d->n_read = 0;
    d->past = false;
    d->whole = !log_json_back(&d->file, (int64_t)d->tail);
    int r = log_json_read(&d->file, &d->frames, d->r->cancelled, &d->past);
    if (r == 0 && !d->past)
        log_frames_end(&d->frames);
    log_frames_done(&d->frames);
    return r < 0 && r != -ECANCELED
               ? docker_log_fail(d, r, "Its log file can't be read to its end.")
               : r;
}

/* Cursors say how deep a line lies: known only now. 0 = not counted. */
static void set_depths(struct docker_log *d, uint64_t total)
{
    for (size_t i = d->head; i < d->lines.n; i++) {
        struct log_line *l = &d->lines.v[i];
        char *dot = l->cursor ? strrchr(l->cursor, '.') : NULL;
        uint64_t from_start = 0;
        if (!dot || str_to_u64(dot + 1, &from_start) < 0)
            continue;
        *dot = 0;
        uint64_t depth = total ? total - from_start + 1 : 0;
        char *cursor = mem_printf("%s.%llu", l->cursor, (unsigned long long)depth);
        mem_free(l->cursor);
        l->cursor = cursor;
    }
}

/* Near its beginning the window may lack lines: they are the next one's. */
static void set_edge(struct docker_log *d)
{
    int64_t us = (d->first_ns + EDGE_SLACK_NS) / 1000, newest = docker_log_newest(d);
    size_t n = d->head;
    if (!d->n_read || (newest && us >= newest / 1000))
        us = newest / 1000; /* it came no further */
    else
        d->has_come = true;
    for (size_t i = d->head; i < d->lines.n; i++)
        if (d->lines.v[i].time_us > us)
            d->lines.v[n++] = d->lines.v[i];
        else
            log_line_done(&d->lines.v[i]);
    d->lines.n = n;
    if (!d->has_come)
        return;
    d->edge_ns = us * 1000 + 999; /* whole microseconds, as pages begin at */
    d->s.reached_us = us;
}

static bool is_search(const struct docker_log *d)
{
    return log_filter_has_text(d->r->filter) || d->r->query->level != LINE_NO_LEVEL;
}

static uint64_t first_tail(const struct docker_log *d)
{
    const struct log_query *q = d->r->query;
    bool search = is_search(d);
    uint64_t n = search ? FIRST_SEARCH : q->limit + FIRST_TAIL;
    return d->depth + d->depth / 4 + n;
}

/* The position lies deeper: how deep, going by the last two windows. */
static uint64_t probe_deeper(const struct docker_log *d)
{
    double lines = (double)(d->tail - d->probe_tail), ns = (double)(d->probe_ns - d->first_ns);
    double missing = (double)(d->first_ns - docker_log_newest(d));
    if (!d->probe_tail || ns <= 0 || missing <= 0)
        return d->tail * PROBE_GROWTH;
    double more = lines * missing / ns * 1.1 + FIRST_SEARCH;
    double most = (double)d->tail * TAIL_GROWTH;
    return d->tail + (uint64_t)(more < most ? more : most);
}

/* As much as can be read in the time that is left, going by what the last window took. */
static uint64_t next_tail(const struct docker_log *d, int64_t took_ms)
{
    if (d->past && d->n_read <= 1)
        return probe_deeper(d);
    int64_t left_ms = d->r->deadline_ms - clock_mono_ms();
    uint64_t more = d->n_read / (uint64_t)(took_ms + 1) * (uint64_t)(left_ms > 0 ? left_ms : 0);
    uint64_t most = d->tail * (TAIL_GROWTH - 1);
    more = more < most ? more : most;
    return d->tail + (more > FIRST_SEARCH ? more : FIRST_SEARCH);
}

/* The next window back in time, of what the engine says. */
static int ask_back(struct docker_log *d)
{
    bool is_first = !d->tail;
    int64_t begun_ms = clock_mono_ms(), before_ns = d->first_ns;
    if (is_first)
        d->tail = first_tail(d);
    int r = read_window(d);
    if (r < 0)
        return r;
    /* Fewer than asked for, or it begins where the one before did: there are no earlier ones. */
    d->whole = (!d->past && d->n_read < d->tail) || (!is_first && before_ns == d->first_ns);
    set_depths(d, d->past && d->tail > d->n_read ? d->tail : d->n_read);
    if (d->whole)
        return 0;
    set_edge(d);
    uint64_t tail = d->tail;
    d->tail = next_tail(d, clock_mono_ms() - begun_ms);
    d->probe_tail = tail;
    d->probe_ns = d->first_ns;
    return 0;
}

/* The same, of the file. */
static int read_back(struct docker_log *d)
{
    if (!d->tail && docker_log_newest(d))
        log_json_seek(&d->file, docker_log_newest(d) + PAST_SLACK_NS);
    uint64_t doubled = d->tail < FILE_MOST ? d->tail * 2 : FILE_MOST;
    if (d->tail && d->took_ms > WINDOW_MS) /* a slow disk, a costly expression */
        d->tail = d->tail / 2 > FILE_FIRST ? d->tail / 2 : FILE_FIRST;
    else
        d->tail = d->tail ? doubled : is_search(d) ? FILE_SEARCH : FILE_FIRST;
    int64_t begun_ms = clock_mono_ms();
    int r = read_file_window(d);
    d->took_ms = clock_mono_ms() - begun_ms;
    if (r < 0)
        return r;
    set_depths(d, 0);
    if (!d->whole)
        set_edge(d);
    return 0;
}

static bool is_younger(const struct log_line *a, const struct log_line *b)
{
    return a->time_us != b->time_us ? a->time_us > b->time_us : a->below_us > b->below_us;
}

/* By time, so that a page that ends among them leaves out what is older, and nothing else. Few are
 * out of order, and not by much: insertion. */
static void sort_lines(struct docker_log *d)
{
    for (size_t i = d->head + 1; i < d->lines.n; i++) {
        struct log_line l = d->lines.v[i];
        size_t k = i;
        for (; k > d->head && is_younger(&d->lines.v[k - 1], &l); k--)
            d->lines.v[k] = d->lines.v[k - 1];
        d->lines.v[k] = l;
    }
}

static int fill(struct docker_log *d)
{
    int r = d->file.n ? read_back(d) : ask_back(d);
    if (r < 0)
        return r;
    if (d->whole)
        d->tail_cut = d->tail_cut || d->cut_next;
    sort_lines(d);
    return 0;
}

static int give_up(struct docker_log *d, int code)
{
    docker_log_clear(d);
    docker_log_drop(d);
    d->whole = true;
    return code;
}

int docker_log_next_older(struct log_source *s, struct log_line *ret_line)
{
    struct docker_log *d = CONTAINER_OF(s, struct docker_log, s);
    for (bool waited = false; d->head == d->lines.n; waited = true) {
        if (d->tail_cut)
            return LOG_NEXT_LATE;
        if (d->whole || log_reading_ended(d->r))
            return LOG_NEXT_END;
        if (d->has_come && log_reading_late(d->r))
            return LOG_NEXT_LATE;
        if (waited && d->has_come && log_reading_turn_over(d->r))
            return LOG_NEXT_TURN;
        int r = fill(d);
        if (r < 0)
            return give_up(d, r);
    }
    *ret_line = d->lines.v[--d->lines.n];
    s->reached_us = ret_line->time_us;
    return LOG_NEXT_LINE;
}
