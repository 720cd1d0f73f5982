/* hydra logs SERVICE…: pages back in time until enough was found, or what is written from now on.
 */
#include "cli/list.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include "base/clock.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
    LIMIT_EVENT = 32 << 20,
    LINES_DEFAULT = 200,
    LINES_OF_A_PAGE = 1000,
    LINES_MAX = 100000,
    GLANCE_MS = 1000,      /* so often a terminal is told how far it has come */
    SEARCH_MS_MAX = 10000, /* the most that the server takes */
};

/* --- a line --- */

/* "\033[1;31m": its length when it is a colour, 0 when it is anything else. */
static size_t color_length(const char *s)
{
    if (s[0] != 033 || s[1] != '[')
        return 0;
    size_t n = 2 + strspn(s + 2, "0123456789;:");
    return s[n] == 'm' ? n + 1 : 0;
}

/* Colours pass where there are some; whatever else would steer the terminal does not. */
static void add_text(struct str *out, const char *s, bool colors)
{
    while (*s) {
        size_t n = color_length(s);
        if (n) {
            str_add_n(out, s, colors ? n : 0);
            s += n;
        } else if (*s == '\n') {
            str_add(out, "\n    ");
            s++;
        } else {
            unsigned char c = (unsigned char)*s++;
            bool c1 = c == 0xc2 && (unsigned char)*s >= 0x80 && (unsigned char)*s < 0xa0;
            s += c1; /* control characters of ISO 6429 in UTF-8 */
            str_add_char(out, c1 || (c < 0x20 && c != '\t') || c == 0x7f ? '?' : (char)c);
        }
    }
}

static const char *state_of(const char *level)
{
    static const char *const bad[] = {"emerg", "alert", "crit", "err"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (str_eq(level, bad[i]))
            return "bad";
    return str_eq(level, "warning") ? "warn" : "";
}

static void add_time(struct str *out, int64_t ms)
{
    char clock[32] = "";
    struct tm t;
    time_t seconds = (time_t)(ms / 1000);
    if (localtime_r(&seconds, &t))
        strftime(clock, sizeof clock, "%b %d %H:%M:%S", &t);
    str_addf(out, "%s.%03d", clock, (int)(ms % 1000));
}

/* What a line says of its service: nothing where all are of one. */
static const char *short_name(const json_t *line)
{
    const char *id = json_get_str(line, "service", NULL);
    const char *slash = id ? strrchr(id, '/') : NULL;
    return slash ? slash + 1 : id ? id : json_get_str(line, "node", "");
}

static bool print_line(const struct invocation *v, const json_t *line, bool named)
{
    AUTO(str_done) struct str out = {0};
    if (v->output != OUTPUT_TABLE) {
        AUTO(mem_freep) char *text = json_dumps(line, JSON_COMPACT);
        return text && puts(text) >= 0;
    }
    const char *state = state_of(json_get_str(line, "level", ""));
    add_time(&out, json_get_int(line, "t", 0));
    str_add(&out, "  ");
    if (named) {
        add_text(&out, short_name(line), false);
        str_add(&out, "  ");
    }
    str_add(&out, *state ? color_of(v, state) : "");
    add_text(&out, json_get_str(line, "text", ""), v->color);
    str_add(&out, v->color ? "\033[0m\n" : "\n");
    return fputs(out.p, stdout) >= 0;
}

static bool print_lines(const struct invocation *v, const json_t *lines, bool named)
{
    bool good = true;
    for (size_t i = 0; good && i < json_array_size(lines); i++)
        good = print_line(v, json_array_get(lines, i), named);
    return fflush(stdout) == 0 && good;
}

static void print_troubles(const json_t *partial)
{
    for (size_t i = 0; i < json_array_size(partial); i++) {
        const json_t *t = json_array_get(partial, i);
        fprintf(stderr, "%s: %s\n", json_get_str(t, "service", ""), json_get_str(t, "text", ""));
    }
}

/* --- the query --- */

/* "1h" ago, or a time. */
static int add_moment(struct str *path, const char *name, const char *text, struct err *e)
{
    int64_t ms, ago;
    if (!text)
        return 0;
    if (clock_parse_duration(text, &ago) == 0)
        ms = clock_wall_ms() - ago;
    else if (clock_parse_rfc3339(text, &ms) < 0)
        return err_set(e, -EINVAL,
                       "--%s is how long ago (1h, 30m, 2d) or a time (2026-11-24T14:53:11Z).",
                       name);
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)ms);
    query_add(path, name, number);
    return 0;
}

/* Does a source go by that word: its name, or the end of its id? */
static bool goes_by(const json_t *source, const char *word)
{
    const char *id = json_get_str(source, "service", NULL);
    const char *slash = id ? strrchr(id, '/') : NULL;
    size_t n = strlen(word);
    return str_eq(json_get_str(source, "name", NULL), word) ||
           (slash && (str_eq(slash + 1, word) ||
                      (strncmp(slash + 1, word, n) == 0 && str_eq(slash + 1 + n, ".service"))));
}

static int add_word(const json_t *sources, const char *word, struct str *path, struct err *e)
{
    const json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(sources); i++) {
        const json_t *s = json_array_get(sources, i);
        if (!goes_by(s, word))
            continue;
        if (found)
            return err_set(e, -EINVAL, "%s may be %s or %s: write the whole id.", word,
                           json_get_str(found, "service", json_get_str(found, "node", "")),
                           json_get_str(s, "service", json_get_str(s, "node", "")));
        found = s;
    }
    if (!found)
        return err_set(e, -ENOENT,
                       "There is no service or node %s that has a log. hydra services lists them.",
                       word);
    const char *id = json_get_str(found, "service", NULL);
    query_add(path, id ? "service" : "node", id ? id : json_get_str(found, "node", ""));
    return 0;
}

/* Ids as they are; short names are looked up. */
static int add_services(struct client *c, const struct invocation *v, struct str *path,
                        struct err *e)
{
    AUTO(json_decrefp) json_t *answer = NULL;
    int r = 0;
    for (size_t i = 0; r >= 0 && i < v->words.n; i++) {
        const char *word = v->words.v[i];
        if (strchr(word, '/')) {
            query_add(path, "service", word);
            continue;
        }
        if (!answer)
            r = client_call(c, "GET", "/api/web/logs/sources", NULL, e, &answer);
        if (r >= 0)
            r = add_word(json_object_get(answer, "sources"), word, path, e);
    }
    return r;
}

static int make_query(struct client *c, const struct invocation *v, struct str *path, struct err *e)
{
    int r = add_services(c, v, path, e);
    const char *grep = invocation_option(v, "grep");
    query_add(path, "q", grep);
    query_add(path, "regex", grep ? "1" : NULL);
    query_add(path, "level", invocation_option(v, "level"));
    if (r >= 0)
        r = add_moment(path, "since", invocation_option(v, "since"), e);
    if (r >= 0)
        r = add_moment(path, "until", invocation_option(v, "until"), e);
    return r;
}

static int read_count(const struct invocation *v, uint64_t *ret_n, struct err *e)
{
    const char *text = invocation_option(v, "limit");
    *ret_n = LINES_DEFAULT;
    if (text && (str_to_u64(text, ret_n) < 0 || *ret_n < 1 || *ret_n > LINES_MAX))
        return err_set(e, -EINVAL, "--limit is 1 to %d.", LINES_MAX);
    return 0;
}

/* --- pages --- */

/* `search_ms`: of one look, so that it can be told how far it has come. */
static int get_page(struct client *c, const char *query, const char *before, uint64_t n,
                    unsigned search_ms, struct err *e, json_t **ret_page)
{
    AUTO(str_done) struct str path = {0};
    char limit[24];
    snprintf(limit, sizeof limit, "%llu",
             (unsigned long long)(n < LINES_OF_A_PAGE ? n : LINES_OF_A_PAGE));
    str_addf(&path, "/api/cli/logs%s", query);
    query_add(&path, "limit", limit);
    query_add(&path, "before", before);
    if (isatty(STDERR_FILENO)) {
        snprintf(limit, sizeof limit, "%u", search_ms);
        query_add(&path, "search_ms", limit);
    }
    return client_call(c, "GET", path.p, NULL, e, ret_page);
}

/* "searched back to Nov 28 14:02:11, 3 found …": over itself on a terminal, else a line for each
 * page that was not full. */
static void tell_progress(const json_t *page, uint64_t found)
{
    bool terminal = isatty(STDERR_FILENO);
    char clock[32] = "";
    struct tm t;
    time_t seconds = (time_t)(json_get_int(page, "reached", 0) / 1000);
    if (seconds && localtime_r(&seconds, &t))
        strftime(clock, sizeof clock, "%b %d %H:%M:%S", &t);
    fprintf(stderr, "%ssearched back to %s, %llu found …%s", terminal ? "\r\033[K" : "", clock,
            (unsigned long long)found, terminal ? "" : "\n");
}

/* An agent that comes no further in so short a time gets more of it. */
static int take_longer(const json_t *page, int64_t *reached, unsigned *search_ms, struct err *e)
{
    int64_t now = json_get_int(page, "reached", 0);
    bool stands = json_array_size(json_object_get(page, "lines")) == 0 && now && now >= *reached;
    *reached = now ? now : *reached;
    if (!stands)
        return 0;
    if (*search_ms >= SEARCH_MS_MAX)
        return err_set(
            e, -ETIMEDOUT,
            "The search comes no further: a node needs more than %d s for its next piece. "
            "Narrow it with --since or --until.",
            SEARCH_MS_MAX / 1000);
    *search_ms = *search_ms * 2 < SEARCH_MS_MAX ? *search_ms * 2 : SEARCH_MS_MAX;
    return 0;
}

/* Each once, whichever page told it. */
static void print_all_troubles(const json_t *pages)
{
    AUTO(json_decrefp) json_t *all = json_array();
    size_t i, k, m;
    json_t *page, *trouble, *known;
    json_array_foreach (pages, i, page) {
        json_array_foreach (json_object_get(page, "partial"), k, trouble) {
            bool is_new = true;
            json_array_foreach (all, m, known)
                is_new = is_new && !json_equal(known, trouble);
            if (is_new)
                json_array_append(all, trouble);
        }
    }
    print_troubles(all);
}

/* Newest page first; printed the other way round. */
static int show_pages(struct client *c, const struct invocation *v, const char *query, uint64_t n,
                      struct err *e)
{
    AUTO(json_decrefp) json_t *pages = json_array();
    const char *before = NULL;
    uint64_t found = 0;
    int64_t reached = INT64_MAX;
    unsigned search_ms = GLANCE_MS;
    bool told = false;
    int r = 0;
    do {
        json_t *page = NULL;
        r = get_page(c, query, before, n, search_ms, e, &page);
        if (r >= 0)
            r = take_longer(page, &reached, &search_ms, e);
        if (r < 0) {
            json_decref(page);
            break;
        }
        json_array_append_new(pages, page);
        size_t got = json_array_size(json_object_get(page, "lines"));
        n -= got < n ? got : n;
        found += got;
        before = json_get_str(page, "before", NULL);
        bool goes_on = n && before && got < LINES_OF_A_PAGE;
        if (goes_on)
            tell_progress(page, found);
        told = told || goes_on;
    } while (n && before);
    if (told && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    if (r < 0)
        return r;
    for (size_t i = json_array_size(pages); i-- > 0;) {
        const json_t *page = json_array_get(pages, i);
        if (!print_lines(v, json_object_get(page, "lines"), v->words.n != 1))
            return -EPIPE;
    }
    print_all_troubles(pages);
    return 0;
}

/* --- following --- */

static bool on_event(void *arg, const struct stream_event *event)
{
    const struct invocation *v = arg;
    AUTO(json_decrefp) json_t *data = NULL;
    if (json_parse(event->data, strlen(event->data), LIMIT_EVENT, NULL, &data) < 0)
        return true;
    print_troubles(json_object_get(data, "partial"));
    int64_t dropped = json_get_int(data, "dropped", 0);
    if (dropped)
        fprintf(stderr, "%lld lines came too fast and were left out\n", (long long)dropped);
    return print_lines(v, json_object_get(data, "lines"), v->words.n != 1);
}

static int follow(struct client *c, struct invocation *v, const char *query, uint64_t n,
                  struct err *e)
{
    AUTO(str_done) struct str path = {0};
    char limit[24];
    snprintf(limit, sizeof limit, "%llu",
             (unsigned long long)(n < LINES_OF_A_PAGE ? n : LINES_OF_A_PAGE));
    str_addf(&path, "/api/events/logs%s", query);
    query_add(&path, "limit", limit);
    return client_stream_of(c, path.p, "after", NULL, on_event, v, e);
}

int verb_logs(struct invocation *v)
{
    struct err e = {0};
    struct client *c = NULL;
    AUTO(str_done) struct str query = {0};
    uint64_t n;
    if (!v->words.n)
        return verb_usage(v);
    int r = read_count(v, &n, &e);
    if (r >= 0)
        r = client_new(v, &e, &c);
    if (r >= 0)
        r = make_query(c, v, &query, &e);
    if (r >= 0)
        r = invocation_has(v, "follow") ? follow(c, v, query.p, n, &e)
                                        : show_pages(c, v, query.p, n, &e);
    client_free(c);
    return r < 0 ? verb_fail(&e, r) : 0;
}
