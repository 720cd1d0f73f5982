/* An engine's log of a container as a source of lines: GET /containers/NAME/logs, read on the
 * reader's own thread.
 *
 * Engines read forwards only, from a time or from the n-th line before the end. Pages back in time
 * ask for the last n lines, then for more of them, of which those that were read before are not
 * read again: a window after the other, the youngest first. Windows meet at a time, not at a line,
 * since output and errors may stand in the log a little out of order. Where the engine's file may
 * be read (logs-json.c), windows are pieces of it.
 *
 * A cursor is TIME.INDEX.DEPTH: nanoseconds, the how-many-th line of that nanosecond, and how many
 * lines stood after it, which says where the next page begins to look. */
#include "node/logs-private.h"

#include "base/clock.h"
#include "base/json.h"
#include "io/answer-parser.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    READ_SIZE = 64 << 10,
    FIRST_TAIL = 64,      /* lines more than wanted: those of one moment are taken whole */
    FIRST_SEARCH = 20000, /* lines that are searched at once */
    TAIL_GROWTH = 8,      /* a window reaches at most so many times deeper than the last */
    PROBE_GROWTH = 2,     /* the same while the position was not reached: costs a line */
    DEPTH_MAX = 1 << 30,
    UNSORTED = 256,        /* lines more than wanted: their order in the log is not that of time */
    FILE_FIRST = 64 << 10, /* bytes of a file, of a page; */
    FILE_SEARCH = 4 << 20, /* of a search; */
    FILE_MOST = 32 << 20,  /* each window twice the last, up to this */
    ROUND_MAX_MS = 60 * 1000, /* of one question */
    RETRY_MS = 1000,          /* following: the container may come back */
    LIMIT_ENGINE_SENTENCE = 300,
};

struct place_ns {
    int64_t ns;
    uint32_t k;
};

struct docker_log {
    struct log_source s;
    const struct log_reading *r;
    struct log_place place;
    /* the answer that is being read */
    int fd;
    struct answer_parser parser;
    struct log_frames frames;
    struct str refusal; /* body of an answer that is none of 200 */
    bool ended;
    char *buffer;
    /* lines */
    VEC(struct log_line) lines; /* [head …): read, meant and not yet taken */
    size_t head;
    bool has_place;
    struct place_ns place_ns; /* where to go on, exclusive */
    int64_t time_us;          /* or this, inclusive; 0 = none */
    struct place_ns last;     /* the line read last */
    uint64_t n_read;
    bool past; /* OLDER: the position was reached, nothing more is wanted */
    int64_t retry_ms;
    /* OLDER */
    uint64_t tail, depth;
    bool whole, has_come;    /* has_come: further back than where it began */
    bool tail_cut, cut_next; /* lines were more than a page takes; they are the next window's */
    int64_t first_ns;        /* of the answer */
    int64_t edge_ns;         /* what is younger was read; 0 = nothing was */
    uint64_t probe_tail;     /* the window before: its depth, */
    int64_t probe_ns;        /* and where it began */
    struct log_json file;    /* of `n` files: 0 = the engine is asked */
};

static const int64_t EDGE_SLACK_NS = 100000000; /* lines are so much out of order at most */
static const int64_t PAST_SLACK_NS = 5000000000;

/* --- the connection --- */

static void drop(struct docker_log *d)
{
    if (d->fd >= 0)
        close(d->fd);
    d->fd = d->s.fd = -1;
    answer_parser_done(&d->parser);
    log_frames_done(&d->frames);
    str_clear(&d->refusal);
}

static bool is_newer_mode(const struct docker_log *d)
{
    return d->r->newer;
}

static void add_time(struct str *url, const char *name, int64_t ns)
{
    str_addf(url, "&%s=%lld.%09lld", name, (long long)(ns / 1000000000),
             (long long)(ns % 1000000000));
}

/* From when on: inclusive, what was had is skipped. */
static int64_t since_ns(const struct docker_log *d)
{
    int64_t ns = d->r->query->since_us * 1000;
    if (is_newer_mode(d) && d->has_place && d->place_ns.ns > ns)
        ns = d->place_ns.ns;
    if (is_newer_mode(d) && d->time_us * 1000 > ns)
        ns = d->time_us * 1000;
    return ns;
}

static char *print_request(const struct docker_log *d)
{
    struct str q = {0};
    int64_t since = since_ns(d);
    str_addf(&q, "GET %s%s/containers/%s/logs?stdout=1&stderr=1&timestamps=1",
             *d->place.api ? "/v" : "", d->place.api, d->place.name);
    if (since)
        add_time(&q, "since", since);
    if (!is_newer_mode(d) && d->tail)
        str_addf(&q, "&tail=%llu", (unsigned long long)d->tail);
    if (d->r->follow)
        str_add(&q, "&follow=1");
    str_add(&q, " HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n");
    return str_take(&q);
}

static int fail(struct docker_log *d, int code, const char *text)
{
    mem_free(d->s.why);
    d->s.why = mem_strdup(text);
    return code;
}

static int connect_to(struct docker_log *d)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (!str_copy(a.sun_path, sizeof a.sun_path, d->place.socket))
        return -ENAMETOOLONG;
    d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (d->fd < 0 || connect(d->fd, (struct sockaddr *)&a, sizeof a) < 0)
        return -errno;
    AUTO(mem_freep) char *request = print_request(d);
    for (size_t done = 0, n = strlen(request); done < n;) {
        ssize_t w = send(d->fd, request + done, n - done, MSG_NOSIGNAL);
        if (w < 0 && errno != EINTR)
            return -errno;
        done += w > 0 ? (size_t)w : 0;
    }
    return 0;
}

static void on_line(void *arg, unsigned stream, int64_t time_ns, const char *text, size_t n,
                    bool cut);

static bool on_body(void *arg, const char *bytes, size_t n)
{
    struct docker_log *d = arg;
    if (d->parser.status / 100 == 2)
        return log_frames_feed(&d->frames, bytes, n) == 0 && !d->past;
    size_t room =
        LIMIT_ENGINE_SENTENCE > d->refusal.len ? LIMIT_ENGINE_SENTENCE - d->refusal.len : 0;
    str_add_n(&d->refusal, bytes, n < room ? n : room);
    return true;
}

static int ask(struct docker_log *d)
{
    drop(d);
    d->parser = (struct answer_parser){.on_body = on_body, .arg = d};
    d->frames = (struct log_frames){.on_line = on_line, .arg = d};
    d->last = (struct place_ns){0};
    d->n_read = 0;
    d->ended = d->past = false;
    int r = connect_to(d);
    if (r < 0) {
        AUTO(mem_freep)
        char *text =
            mem_printf("The engine does not answer on %s: %s.", d->place.socket, strerror(-r));
        drop(d);
        return fail(d, r, text);
    }
    if (d->r->follow) {
        d->s.fd = d->fd;
        d->s.events = POLLIN;
    }
    return 0;
}

/* "{"message":"configured logging driver does not support reading"}" */
static int refuse(struct docker_log *d)
{
    AUTO(json_decrefp) json_t *body = NULL;
    const char *said = "";
    if (d->refusal.len &&
        json_parse(d->refusal.p, d->refusal.len, LIMIT_ENGINE_SENTENCE, NULL, &body) == 0)
        said = json_get_str(body, "message", "");
    AUTO(mem_freep)
    char *text = d->parser.status == 404
                     ? mem_printf("The engine has no container %s any more.", d->place.name)
                     : mem_printf("The engine does not give the log of %s: %s.", d->place.name,
                                  *said ? said : "it refuses");
    return fail(d, d->parser.status == 404 ? -ENOENT : -EOPNOTSUPP, text);
}

/* 1 = something was read, 0 = the answer ended, -EAGAIN = nothing yet. */
static int read_some(struct docker_log *d, bool wait)
{
    struct pollfd p[2] = {{d->fd, POLLIN, 0}, {d->r->cancel_fd, POLLIN, 0}};
    if (poll(p, 2, wait ? ROUND_MAX_MS : 0) == 0)
        return wait ? fail(d, -ETIMEDOUT, "The engine hangs: its log does not come.") : -EAGAIN;
    if (log_reading_ended(d->r))
        return -ECANCELED;
    ssize_t n = read(d->fd, d->buffer, READ_SIZE);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 1 : fail(d, -errno, "The engine broke off.");
    int r = n ? answer_feed(&d->parser, d->buffer, (size_t)n) : 1;
    if (r == 0)
        return 1;
    d->ended = true;
    if (d->past)
        return 0;
    if (d->parser.status / 100 != 2)
        return refuse(d);
    if (r < 0)
        return fail(d, r, "The engine's answer can't be understood.");
    log_frames_end(&d->frames);
    return 0;
}

/* --- lines --- */

static bool is_after(struct place_ns a, struct place_ns b)
{
    return a.ns != b.ns ? a.ns > b.ns : a.k > b.k;
}

/* Is a line at `at` one of those asked for? */
static bool is_in_range(struct docker_log *d, struct place_ns at)
{
    const struct log_query *q = d->r->query;
    int64_t us = at.ns / 1000;
    if ((q->since_us && us < q->since_us) || (q->until_us && us > q->until_us))
        return false;
    if (is_newer_mode(d))
        return d->has_place ? is_after(at, d->place_ns) : !d->time_us || us >= d->time_us;
    if (d->edge_ns && at.ns > d->edge_ns)
        return false;
    if (d->has_place)
        return is_after(d->place_ns, at);
    return !d->time_us || us <= d->time_us;
}

/* OLDER: the youngest that is meant; 0 = the end. */
static int64_t newest_ns(const struct docker_log *d)
{
    int64_t ns = d->r->query->until_us * 1000;
    if (d->has_place)
        ns = d->place_ns.ns;
    else if (d->time_us)
        ns = d->time_us * 1000;
    return d->edge_ns && (!ns || d->edge_ns < ns) ? d->edge_ns : ns;
}

/* OLDER: so far beyond the position that nothing earlier comes any more. */
static bool is_past(const struct docker_log *d, int64_t ns)
{
    int64_t newest = is_newer_mode(d) ? 0 : newest_ns(d);
    return newest && ns > newest + (newest == d->edge_ns ? EDGE_SLACK_NS : PAST_SLACK_NS);
}

static void trim(struct docker_log *d)
{
    size_t keep = (size_t)d->r->query->limit + 1 + UNSORTED;
    if (is_newer_mode(d) || d->lines.n - d->head <= keep)
        return;
    struct log_line *oldest = &d->lines.v[d->head++];
    bool is_next = oldest->time_us * 1000 <= d->first_ns + EDGE_SLACK_NS;
    d->cut_next = d->cut_next || is_next;
    d->tail_cut = d->tail_cut || !is_next;
    log_line_done(oldest);
    if (d->head < keep * 2)
        return;
    memmove(d->lines.v, d->lines.v + d->head, (d->lines.n - d->head) * sizeof *d->lines.v);
    d->lines.n -= d->head;
    d->head = 0;
}

static void keep(struct docker_log *d, struct place_ns at, unsigned stream, const char *text,
                 size_t n, bool cut)
{
    const struct log_query *q = d->r->query;
    if (!log_filter_text(d->r->filter, text, n))
        return;
    struct log_line l = {.time_us = at.ns / 1000,
                         .below_us = (unsigned)(at.ns % 1000),
                         .level = LINE_NO_LEVEL,
                         .cut = cut};
    l.text = log_clean(text, n, &l.cut);
    size_t len = strlen(l.text);
    l.fields = log_fields_of_text(l.text, len, &l.level);
    if (!l.fields)
        l.level = line_level_of_text(l.text, len);
    if (q->level != LINE_NO_LEVEL && (l.level == LINE_NO_LEVEL || l.level > q->level)) {
        log_line_done(&l);
        return;
    }
    if (!l.fields && stream == 2)
        l.fields = mem_strdup("{\"stream\":\"stderr\"}");
    l.cursor = mem_printf("%lld.%u.%llu", (long long)at.ns, at.k, (unsigned long long)d->n_read);
    *vec_add(&d->lines) = l;
    trim(d);
}

static void on_line(void *arg, unsigned stream, int64_t time_ns, const char *text, size_t n,
                    bool cut)
{
    struct docker_log *d = arg;
    struct place_ns at = {time_ns, d->n_read && time_ns == d->last.ns ? d->last.k + 1 : 0};
    if (!d->n_read)
        d->first_ns = time_ns;
    d->n_read++;
    d->last = at;
    if (is_newer_mode(d))
        d->s.reached_us = time_ns / 1000;
    if (is_past(d, time_ns)) {
        d->past = true;
        return;
    }
    if (is_in_range(d, at))
        keep(d, at, stream, text, n, cut);
}

/* --- forwards --- */

static int come_back(struct docker_log *d)
{
    if (clock_mono_ms() < d->retry_ms)
        return -EAGAIN;
    d->retry_ms = clock_mono_ms() + RETRY_MS;
    return ask(d);
}

/* A line that is taken is where a new question goes on. */
static int take_first(struct docker_log *d, struct log_line *ret_line)
{
    *ret_line = d->lines.v[d->head++];
    if (d->head == d->lines.n)
        d->head = d->lines.n = 0;
    return LOG_NEXT_LINE;
}

static int next_newer(struct log_source *s, struct log_line *ret_line)
{
    struct docker_log *d = CONTAINER_OF(s, struct docker_log, s);
    bool follow = d->r->follow;
    for (;;) {
        if (d->head < d->lines.n)
            return take_first(d, ret_line);
        if (d->fd < 0 && d->ended && !follow)
            return LOG_NEXT_END;
        int r = d->fd < 0 ? (follow ? come_back(d) : ask(d)) : 0;
        if (r == 0)
            r = read_some(d, !follow);
        if (r > 0)
            continue;
        if (d->ended && d->n_read && is_newer_mode(d)) {
            d->has_place = true;
            d->place_ns = d->last;
        }
        if (r != -EAGAIN)
            drop(d);
        d->ended = d->ended || d->fd < 0;
        d->s.timeout_ms = follow && d->fd < 0 ? RETRY_MS : -1;
        if (d->head < d->lines.n)
            continue;
        bool passing = follow && (r == -ENOENT || r == -ECONNREFUSED);
        return r == 0 || r == -EAGAIN || r == -ECANCELED || passing ? LOG_NEXT_END : r;
    }
}

/* --- backwards --- */

static void clear_lines(struct docker_log *d)
{
    for (size_t i = d->head; i < d->lines.n; i++)
        log_line_done(&d->lines.v[i]);
    d->head = d->lines.n = 0;
    d->tail_cut = d->cut_next = false;
}

static int read_window(struct docker_log *d)
{
    clear_lines(d);
    int64_t begun_ms = clock_mono_ms();
    int r = ask(d);
    while (r == 0 && (r = read_some(d, true)) == 1)
        r = clock_mono_ms() - begun_ms > ROUND_MAX_MS
                ? fail(d, -ETIME, "The log is too long to be searched in time.")
                : 0;
    drop(d);
    return r;
}

/* The same of the file; `tail` counts bytes. */
static int read_file_window(struct docker_log *d)
{
    clear_lines(d);
    d->frames = (struct log_frames){.on_line = on_line, .arg = d};
    d->last = (struct place_ns){0};
    d->n_read = 0;
    d->past = false;
    d->whole = !log_json_back(&d->file, (int64_t)d->tail);
    int r = log_json_read(&d->file, &d->frames, d->r->cancelled, &d->past);
    if (r == 0 && !d->past)
        log_frames_end(&d->frames);
    log_frames_done(&d->frames);
    return r < 0 && r != -ECANCELED ? fail(d, r, "Its log file can't be read to its end.") : r;
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
    int64_t us = (d->first_ns + EDGE_SLACK_NS) / 1000, newest = newest_ns(d);
    size_t n = d->head;
    if (!d->n_read || (newest && us * 1000 >= newest))
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
    double missing = (double)(d->first_ns - newest_ns(d));
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
    if (!d->tail && newest_ns(d))
        log_json_seek(&d->file, newest_ns(d) + PAST_SLACK_NS);
    uint64_t doubled = d->tail < FILE_MOST ? d->tail * 2 : FILE_MOST;
    d->tail = d->tail ? doubled : is_search(d) ? FILE_SEARCH : FILE_FIRST;
    int r = read_file_window(d);
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
    clear_lines(d);
    drop(d);
    d->whole = true;
    return code;
}

static int next_older(struct log_source *s, struct log_line *ret_line)
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

/* --- opening --- */

static void close_docker(struct log_source *s)
{
    struct docker_log *d = CONTAINER_OF(s, struct docker_log, s);
    drop(d);
    clear_lines(d);
    log_json_close(&d->file);
    vec_done(&d->lines);
    str_done(&d->refusal);
    log_place_done(&d->place);
    mem_free(d->buffer);
    mem_free(s->why);
    mem_free(d);
}

/* "TIME.INDEX.DEPTH" */
static void read_cursor(struct docker_log *d, const char *cursor)
{
    struct str_list parts = {0};
    uint64_t ns, k, depth;
    str_list_split(&parts, cursor ? cursor : "", '.');
    if (parts.n == 3 && str_to_u64(parts.v[0], &ns) == 0 && str_to_u64(parts.v[1], &k) == 0 &&
        str_to_u64(parts.v[2], &depth) == 0 && ns <= INT64_MAX && k <= UINT32_MAX) {
        d->has_place = true;
        d->place_ns = (struct place_ns){(int64_t)ns, (uint32_t)k};
        d->depth = depth < DEPTH_MAX ? depth : DEPTH_MAX;
    }
    str_list_done(&parts);
}

struct log_source *log_docker_open(const struct log_reading *r, const struct log_place *p,
                                   const char *cursor, int64_t time_us)
{
    struct docker_log *d = mem_alloc(sizeof *d);
    d->s = (struct log_source){.next = r->newer ? next_newer : next_older,
                               .close = close_docker,
                               .fd = -1,
                               .timeout_ms = -1,
                               .reached_us = r->newer ? 0 : INT64_MAX};
    d->r = r;
    d->fd = -1;
    d->place = (struct log_place){.kind = p->kind,
                                  .name = mem_strdup(p->name),
                                  .socket = mem_strdup(p->socket),
                                  .api = mem_strdup(p->api ? p->api : "")};
    d->time_us = time_us;
    read_cursor(d, cursor);
    if (!r->newer && p->file && log_json_open(p->file, &d->file) == 0)
        return &d->s;
    d->buffer = mem_alloc(READ_SIZE);
    return &d->s;
}
