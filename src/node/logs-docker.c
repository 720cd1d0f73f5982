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
#include "node/logs-docker-private.h"

#include "base/clock.h"
#include "base/json.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* --- the connection --- */

void docker_log_drop(struct docker_log *d)
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

int docker_log_fail(struct docker_log *d, int code, const char *text)
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

int docker_log_ask(struct docker_log *d)
{
    docker_log_drop(d);
    d->parser = (struct answer_parser){.on_body = on_body, .arg = d};
    d->frames = (struct log_frames){.on_line = docker_log_line, .arg = d};
    d->last = (struct place_ns){0};
    d->n_read = 0;
    d->ended = d->past = false;
    int r = connect_to(d);
    if (r < 0) {
        AUTO(mem_freep)
        char *text =
            mem_printf("The engine does not answer on %s: %s.", d->place.socket, strerror(-r));
        docker_log_drop(d);
        return docker_log_fail(d, r, text);
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
    return docker_log_fail(d, d->parser.status == 404 ? -ENOENT : -EOPNOTSUPP, text);
}

/* 1 = something was read, 0 = the answer ended, -EAGAIN = nothing yet. */
int docker_log_read(struct docker_log *d, bool wait)
{
    struct pollfd p[2] = {{d->fd, POLLIN, 0}, {d->r->cancel_fd, POLLIN, 0}};
    if (poll(p, 2, wait ? ROUND_MAX_MS : 0) == 0)
        return wait ? docker_log_fail(d, -ETIMEDOUT, "The engine hangs: its log does not come.")
                    : -EAGAIN;
    if (log_reading_ended(d->r))
        return -ECANCELED;
    ssize_t n = read(d->fd, d->buffer, READ_SIZE);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN
                   ? 1
                   : docker_log_fail(d, -errno, "The engine broke off.");
    int r = n ? answer_feed(&d->parser, d->buffer, (size_t)n) : 1;
    if (r == 0)
        return 1;
    d->ended = true;
    if (d->past)
        return 0;
    if (d->parser.status / 100 != 2)
        return refuse(d);
    if (r < 0)
        return docker_log_fail(d, r, "The engine's answer can't be understood.");
    log_frames_end(&d->frames);
    return 0;
}

/* --- lines --- */

void docker_log_clear(struct docker_log *d)
{
    for (size_t i = d->head; i < d->lines.n; i++)
        log_line_done(&d->lines.v[i]);
    d->head = d->lines.n = 0;
    d->tail_cut = d->cut_next = false;
}

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
int64_t docker_log_newest(const struct docker_log *d)
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
    int64_t newest = is_newer_mode(d) ? 0 : docker_log_newest(d);
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

void docker_log_line(void *arg, unsigned stream, int64_t time_ns, const char *text, size_t n,
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
    return docker_log_ask(d);
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
        int r = d->fd < 0 ? (follow ? come_back(d) : docker_log_ask(d)) : 0;
        if (r == 0)
            r = docker_log_read(d, !follow);
        if (r > 0)
            continue;
        if (d->ended && d->n_read && is_newer_mode(d)) {
            d->has_place = true;
            d->place_ns = d->last;
        }
        if (r != -EAGAIN)
            docker_log_drop(d);
        d->ended = d->ended || d->fd < 0;
        d->s.timeout_ms = follow && d->fd < 0 ? RETRY_MS : -1;
        if (d->head < d->lines.n)
            continue;
        bool passing = follow && (r == -ENOENT || r == -ECONNREFUSED);
        return r == 0 || r == -EAGAIN || r == -ECANCELED || passing ? LOG_NEXT_END : r;
    }
}

/* --- opening --- */

static void close_docker(struct log_source *s)
{
    struct docker_log *d = CONTAINER_OF(s, struct docker_log, s);
    docker_log_drop(d);
    docker_log_clear(d);
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
        str_to_u64(parts.v[2], &depth) == 0 && ns <= LIMIT_LOG_TIME_US * 1000 && k <= UINT32_MAX) {
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
    d->s = (struct log_source){.next = r->newer ? next_newer : docker_log_next_older,
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
