/* The journal as a source of lines. Matches are those of `journalctl -u`; what a unit of its own
 * wrote, what the manager said of it, and its core dumps.
 *
 * Searches read the files themselves (journal-scan.h), as far as they can; everything else, and
 * what they cannot, is read with the library: indexed fields are matched by it, the text before
 * anything else of an entry is read. */
#include "node/logs-private.h"

#include "base/clock.h"
#include "base/json.h"
#include "node/journal-scan.h"

#include <poll.h>
#include <stdio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

enum {
    LOOK_AROUND_EVERY = 256, /* entries between two looks at the clock */
    SCAN_AT_ONCE = 4096,     /* the same where they cost less */
};

struct journal {
    struct log_source s;
    const struct log_reading *r;
    struct journal_scan *scan; /* or */
    sd_journal *j;
    bool whole; /* of the machine: entries tell whose they are */
    bool jumped, at_cursor;
    char *cursor;
    unsigned looked;
};

/* --- matches --- */

static int match(sd_journal *j, const char *field, const char *value)
{
    AUTO(mem_freep) char *text = mem_printf("%s=%s", field, value);
    return sd_journal_add_match(j, text, 0);
}

/* As in systemd's logs-show.c, add_matches_for_unit(). */
static int match_unit(sd_journal *j, const char *unit)
{
    static const char *const alternatives[][3][2] = {
        {{"_SYSTEMD_UNIT", NULL}},
        {{"MESSAGE_ID", "fc2e22bc6ee647b6b90729ab34a250b1"},
         {"_UID", "0"},
         {"COREDUMP_UNIT", NULL}},
        {{"_PID", "1"}, {"UNIT", NULL}},
        {{"_UID", "0"}, {"OBJECT_SYSTEMD_UNIT", NULL}},
    };
    int r = 0;
    for (size_t i = 0; r >= 0 && i < COUNT_OF(alternatives); i++) {
        for (size_t k = 0; r >= 0 && k < 3 && alternatives[i][k][0]; k++)
            r = match(j, alternatives[i][k][0],
                      alternatives[i][k][1] ? alternatives[i][k][1] : unit);
        if (r >= 0)
            r = sd_journal_add_disjunction(j);
    }
    return r < 0 ? r : sd_journal_add_conjunction(j);
}

/* Priorities as they are; and what a program printed, whose priority nobody chose: its text
 * tells. */
static int match_level(sd_journal *j, enum line_level level)
{
    char digit[2] = "0";
    int r = 0;
    if (level >= LINE_INFO) /* nearly all of it: cheaper to look at each */
        return 0;
    for (int p = 0; r >= 0 && p <= (int)level; p++) {
        digit[0] = (char)('0' + p);
        r = match(j, "PRIORITY", digit);
    }
    if (r >= 0)
        r = sd_journal_add_disjunction(j);
    if (r >= 0)
        r = match(j, "PRIORITY", "6");
    if (r >= 0)
        r = match(j, "_TRANSPORT", "stdout");
    return r < 0 ? r : sd_journal_add_conjunction(j);
}

/* --- where to begin --- */

/* Of the position and the time that was asked for the nearer one; 0 = from the end. */
static int64_t edge_of(const struct log_reading *r, int64_t time_us)
{
    const struct log_query *q = r->query;
    int64_t edge = r->newer ? q->since_us : q->until_us;
    bool is_nearer = time_us && (!edge || (r->newer ? time_us > edge : time_us < edge));
    return is_nearer ? time_us : edge;
}

static int seek(struct journal *t, int64_t time_us)
{
    int64_t edge = edge_of(t->r, time_us);
    if (t->cursor) {
        t->at_cursor = true;
        return sd_journal_seek_cursor(t->j, t->cursor);
    }
    if (edge)
        return sd_journal_seek_realtime_usec(t->j, (uint64_t)edge);
    return t->r->newer ? sd_journal_seek_head(t->j) : sd_journal_seek_tail(t->j);
}

static int step(struct journal *t)
{
    int r = t->r->newer ? sd_journal_next(t->j) : sd_journal_previous(t->j);
    if (r > 0 && t->at_cursor) {
        t->at_cursor = false;
        if (sd_journal_test_cursor(t->j, t->cursor) > 0)
            r = t->r->newer ? sd_journal_next(t->j) : sd_journal_previous(t->j);
    }
    if (r > 0)
        t->at_cursor = false;
    return r;
}

/* --- an entry --- */

static const char *field(struct journal *t, const char *name, size_t *ret_len)
{
    const void *data;
    size_t len, skip = strlen(name) + 1;
    if (t->scan)
        return journal_scan_field(t->scan, name, ret_len);
    if (sd_journal_get_data(t->j, name, &data, &len) < 0 || len < skip)
        return NULL;
    *ret_len = len - skip;
    return (const char *)data + skip;
}

static enum line_level priority(struct journal *t)
{
    size_t n;
    const char *p = field(t, "PRIORITY", &n);
    return p && n == 1 && *p >= '0' && *p <= '7' ? (enum line_level)(*p - '0') : LINE_NO_LEVEL;
}

static bool is_field(struct journal *t, const char *name, const char *value)
{
    size_t n;
    const char *p = field(t, name, &n);
    return p && n == strlen(value) && memcmp(p, value, n) == 0;
}

static char *copy_field(struct journal *t, const char *name)
{
    size_t n;
    const char *p = field(t, name, &n);
    return p ? mem_strndup(p, n < 256 ? n : 256) : NULL;
}

/* Nobody chose the priority of what was printed: 6 is systemd's default for it. */
static enum line_level level_of(struct journal *t, enum line_level of_text)
{
    enum line_level p = priority(t);
    bool printed = p == LINE_NO_LEVEL || (p == LINE_INFO && of_text != LINE_NO_LEVEL &&
                                          is_field(t, "_TRANSPORT", "stdout"));
    return printed && of_text != LINE_NO_LEVEL ? of_text : p;
}

static char *print_fields(struct journal *t, const char *unit)
{
    static const char *const names[][2] = {{"SYSLOG_IDENTIFIER", "identifier"},
                                           {"_PID", "pid"},
                                           {"ERRNO", "errno"},
                                           {"EXIT_STATUS", "exit_status"},
                                           {"CODE_FUNC", "code_func"}};
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    if (unit)
        jw_key_str(&w, "unit", unit);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        AUTO(mem_freep) char *v = copy_field(t, names[i][0]);
        if (v)
            jw_key_str(&w, names[i][1], v);
    }
    jw_end_object(&w);
    return str_take(&out);
}

/* Whose it is: what the manager says of a unit is the unit's. */
static char *unit_of(struct journal *t)
{
    char *unit = copy_field(t, "UNIT");
    return unit ? unit : copy_field(t, "_SYSTEMD_UNIT");
}

static bool is_bad_enough(const struct log_query *q, enum line_level l)
{
    return q->level == LINE_NO_LEVEL || (l != LINE_NO_LEVEL && l <= q->level);
}

static char *cursor_of(const struct journal *t)
{
    char *cursor;
    if (t->scan)
        return journal_scan_cursor(t->scan);
    return sd_journal_get_cursor(t->j, &cursor) < 0 ? NULL : cursor;
}

/* 1 = *ret was filled, 0 = it is not meant. */
static int take_entry(struct journal *t, int64_t time_us, struct log_line *ret)
{
    const struct log_query *q = t->r->query;
    size_t n;
    const char *message = field(t, "MESSAGE", &n);
    if (!message || (!t->scan && !log_filter_text(t->r->filter, message, n)))
        return 0;
    /* Most of what is printed is of no interest to who asks for errors: not even cleaned. */
    if (q->level != LINE_NO_LEVEL && !is_bad_enough(q, level_of(t, line_level_of_text(message, n))))
        return 0;
    struct log_line l = {.time_us = time_us};
    message = field(t, "MESSAGE", &n); /* the one before is gone with the next question */
    l.text = log_clean(message ? message : "", message ? n : 0, &l.cut);
    size_t len = strlen(l.text);
    enum line_level of_text = LINE_NO_LEVEL;
    l.fields = log_fields_of_text(l.text, len, &of_text);
    if (!l.fields)
        of_text = line_level_of_text(l.text, len);
    l.level = level_of(t, of_text);
    l.cursor = cursor_of(t);
    AUTO(mem_freep) char *unit = t->whole ? unit_of(t) : NULL;
    if (unit)
        l.service = mem_printf("systemd/%s", unit);
    if (t->whole)
        l.container = copy_field(t, "CONTAINER_NAME");
    if (!l.fields)
        l.fields = print_fields(t, unit);
    *ret = l;
    return 1;
}

/* Beyond what was asked for? */
static bool is_beyond(const struct journal *t, int64_t time_us)
{
    const struct log_query *q = t->r->query;
    return t->r->newer ? q->until_us && time_us > q->until_us
                       : q->since_us && time_us < q->since_us;
}

static bool is_early(const struct journal *t, int64_t time_us)
{
    const struct log_query *q = t->r->query;
    return t->r->newer ? q->since_us && time_us < q->since_us
                       : q->until_us && time_us > q->until_us;
}

static int look(struct journal *t, int64_t time_us, struct log_line *ret_line)
{
    t->s.reached_us = time_us;
    if (is_beyond(t, time_us))
        return -ENODATA;
    return is_early(t, time_us) ? 0 : take_entry(t, time_us, ret_line);
}

static int look_here(struct journal *t, struct log_line *ret_line)
{
    uint64_t time_us;
    if (sd_journal_get_realtime_usec(t->j, &time_us) < 0)
        return 0;
    return look(t, (int64_t)time_us, ret_line);
}

static int fail(struct journal *t, int r)
{
    t->s.why = mem_printf("The journal can't be read: %s.", strerror(-r));
    return r;
}

static int next_scanned(struct log_source *s, struct log_line *ret_line)
{
    struct journal *t = CONTAINER_OF(s, struct journal, s);
    int64_t time_us;
    int r;
    while ((r = journal_scan_next(t->scan, SCAN_AT_ONCE, &time_us)) != 0) {
        if (r < 0) {
            s->reached_us = time_us;
            r = is_beyond(t, time_us) ? -ENODATA : 0;
        } else {
            r = look(t, time_us, ret_line);
        }
        if (r > 0)
            return LOG_NEXT_LINE;
        if (r == -ENODATA || log_reading_ended(t->r))
            return LOG_NEXT_END;
        if (log_reading_turn_over(t->r))
            return LOG_NEXT_TURN;
    }
    return LOG_NEXT_END;
}

static int next(struct log_source *s, struct log_line *ret_line)
{
    struct journal *t = CONTAINER_OF(s, struct journal, s);
    if (!t->j)
        return -EIO;
    if (t->r->follow)
        sd_journal_process(t->j);
    for (;;) {
        int r = step(t);
        if (r < 0 && r != -EBADMSG) /* a broken entry: the next one may be whole */
            return fail(t, r);
        if (r == 0)
            return LOG_NEXT_END;
        r = r > 0 ? look_here(t, ret_line) : 0;
        if (r == -ENODATA)
            return LOG_NEXT_END;
        if (r > 0)
            return LOG_NEXT_LINE;
        if (++t->looked % LOOK_AROUND_EVERY == 0) {
            if (log_reading_ended(t->r))
                return LOG_NEXT_END;
            if (log_reading_turn_over(t->r))
                return LOG_NEXT_TURN;
        }
    }
}

static void close_journal(struct log_source *s)
{
    struct journal *t = CONTAINER_OF(s, struct journal, s);
    journal_scan_close(t->scan);
    sd_journal_close(t->j);
    mem_free(t->cursor);
    mem_free(t->s.why);
    mem_free(t);
}

/* --- opening --- */

/* A journal that may not be read opens all the same, and is empty. */
static char *denied(const struct log_place *p)
{
    static const char *const usual[] = {"/var/log/journal", "/run/log/journal"};
    for (size_t i = 0; !p->folder && i < COUNT_OF(usual); i++)
        if (access(usual[i], F_OK) == 0 && access(usual[i], R_OK | X_OK) < 0)
            return mem_printf("%s may not be read: add Hydra's user to the group systemd-journal "
                              "and start it again.",
                              usual[i]);
    return NULL;
}

static int open_journal(struct journal *t, const struct log_place *p, int64_t time_us)
{
    int r = p->folder ? sd_journal_open_directory(&t->j, p->folder, 0)
                      : sd_journal_open(&t->j, SD_JOURNAL_LOCAL_ONLY);
    if (r < 0)
        return r;
    sd_journal_set_data_threshold(t->j, LIMIT_LOG_TEXT + 64);
    if (p->kind == LOG_PLACE_UNIT)
        r = match_unit(t->j, p->name);
    if (r >= 0)
        r = match_level(t->j, t->r->query->level);
    if (r >= 0 && t->r->follow) {
        t->s.fd = sd_journal_get_fd(t->j);
        t->s.events = (short)sd_journal_get_events(t->j);
        t->s.timeout_ms = sd_journal_reliable_fd(t->j) > 0 ? -1 : 1000;
    }
    return r < 0 ? r : seek(t, time_us);
}

/* For searches. What is written from now on is the library's. */
static int open_scan(struct journal *t, const struct log_place *p, int64_t time_us)
{
    const struct log_reading *r = t->r;
    struct journal_want w = {.folder = p->folder,
                             .unit = p->kind == LOG_PLACE_UNIT ? p->name : NULL,
                             .level = r->query->level,
                             .filter = r->filter,
                             .newer = r->newer,
                             .cursor = t->cursor,
                             .edge_us = edge_of(r, time_us)};
    if (r->follow || (!log_filter_has_text(r->filter) && r->query->level == LINE_NO_LEVEL))
        return -EOPNOTSUPP;
    return journal_scan_open(&w, &t->scan);
}

struct log_source *log_journal_open(const struct log_reading *r, const struct log_place *p,
                                    const char *cursor, int64_t time_us)
{
    struct journal *t = mem_alloc(sizeof *t);
    t->s = (struct log_source){.next = next,
                               .close = close_journal,
                               .fd = -1,
                               .timeout_ms = -1,
                               .reached_us = r->newer ? 0 : INT64_MAX};
    t->r = r;
    t->whole = p->kind == LOG_PLACE_JOURNAL;
    t->cursor = str_is_empty(cursor) ? NULL : mem_strdup(cursor);
    if (open_scan(t, p, time_us) == 0)
        t->s.next = next_scanned;
    int code = t->scan ? 0 : open_journal(t, p, time_us);
    if (code < 0) {
        sd_journal_close(TAKE(t->j));
        fail(t, code);
    } else {
        t->s.why = denied(p);
    }
    return &t->s;
}
