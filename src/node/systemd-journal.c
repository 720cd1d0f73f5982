#include "node/systemd-private.h"

#include "node/line.h"
#include "node/map-guard.h"

#include <systemd/sd-journal.h>

enum { ENTRIES_MAX = 60, LOOKS_MAX = 600, LINES_MAX = 20, PRIORITY_ERROR = 3, PRIORITY_NOTICE = 5 };

/* What the program said; what the manager said of it, as system and as a user's manager. */
#define INVOCATION_FIELDS "_SYSTEMD_INVOCATION_ID", "INVOCATION_ID", "USER_INVOCATION_ID"

struct journal_search {
    uv_work_t work;
    char *folder, *unit;
    struct journal_run run; /* its `unit` is the one above */
    char *(*look)(const char *folder, const struct journal_run *run);
    char *line;
    journal_fn *on_done; /* NULL = cancelled */
    void *arg;
};

static const char *field(sd_journal *j, const char *name, size_t *ret_len)
{
    const void *data;
    size_t len, skip = strlen(name) + 1;
    if (sd_journal_get_data(j, name, &data, &len) < 0 || len < skip)
        return NULL;
    *ret_len = len - skip;
    return (const char *)data + skip;
}

static int priority(sd_journal *j)
{
    size_t len;
    const char *p = field(j, "PRIORITY", &len);
    return p && len == 1 && *p >= '0' && *p <= '7' ? *p - '0' : 6;
}

/* The manager's own words ("Failed with result 'exit-code'") say no more than the unit's state. */
static bool is_own_word(sd_journal *j)
{
    size_t len;
    const char *pid = field(j, "_COMM", &len);
    return !pid || !(len == 7 && memcmp(pid, "systemd", 7) == 0);
}

/* A program that ends at once is gone before journald has looked at it: such a line has the name of
 * the unit, but not the run. Its time tells. */
static bool is_of(sd_journal *j, const struct journal_run *run)
{
    static const char *const names[] = {INVOCATION_FIELDS};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        size_t len;
        const char *id = field(j, names[i], &len);
        if (id)
            return len == strlen(run->invocation) && memcmp(id, run->invocation, len) == 0;
    }
    uint64_t us;
    return sd_journal_get_realtime_usec(j, &us) >= 0 && us >= run->since_us;
}

static bool step_back(sd_journal *j, const struct journal_run *run)
{
    for (int i = 0; i < LOOKS_MAX && sd_journal_previous(j) > 0; i++)
        if (is_of(j, run))
            return true;
    return false;
}

/* Of the last lines: the last error, else the last word of the program itself. */
static char *choose(sd_journal *j, const struct journal_run *run)
{
    char *last = NULL;
    for (int i = 0; i < ENTRIES_MAX && step_back(j, run); i++) {
        size_t len;
        int p = priority(j);
        const char *text = field(j, "MESSAGE", &len);
        bool own = is_own_word(j);
        if (!text || (!own && p > PRIORITY_ERROR) || (last && p > PRIORITY_ERROR))
            continue;
        char *line = one_line(text, len);
        if (!line)
            continue;
        if (p <= PRIORITY_ERROR) {
            mem_free(last);
            return line;
        }
        last = line;
    }
    return last;
}

static int match(sd_journal *j, const char *name, const char *value)
{
    AUTO(mem_freep) char *text = mem_printf("%s=%s", name, value);
    int r = sd_journal_add_match(j, text, 0);
    return r < 0 ? r : sd_journal_add_disjunction(j);
}

/* At the end of what one run said, and what was said of it; NULL = no journal. */
static sd_journal *open_run(const char *folder, const struct journal_run *run)
{
    static const char *const names[] = {INVOCATION_FIELDS};
    sd_journal *j = NULL;
    int r = folder ? sd_journal_open_directory(&j, folder, 0)
                   : sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY);
    if (r < 0)
        return NULL;
    sd_journal_set_data_threshold(j, 4096);
    for (size_t i = 0; r >= 0 && i < COUNT_OF(names); i++)
        r = match(j, names[i], run->invocation);
    if (r >= 0 && run->unit && run->since_us)
        r = match(j, "_SYSTEMD_UNIT", run->unit);
    if (r >= 0 && sd_journal_seek_tail(j) >= 0)
        return j;
    sd_journal_close(j);
    return NULL;
}

char *journal_last_error(const char *folder, const struct journal_run *run)
{
    sd_journal *j = open_run(folder, run);
    char *line = j ? choose(j, run) : NULL;
    sd_journal_close(j);
    return line;
}

char *journal_last_lines(const char *folder, const struct journal_run *run)
{
    sd_journal *j = open_run(folder, run);
    struct str_list lines = {0};
    struct str all = {0};
    while (j && lines.n < LINES_MAX && step_back(j, run)) {
        size_t len;
        const char *text = field(j, "MESSAGE", &len);
        char *line = text ? one_line(text, len) : NULL;
        if (line)
            str_list_take(&lines, line);
    }
    for (size_t i = lines.n; i-- > 0;)
        str_addf(&all, "%s\n", lines.v[i]);
    sd_journal_close(j);
    str_list_done(&lines);
    return all.len ? str_take(&all) : NULL;
}

static void on_thread(uv_work_t *w)
{
    struct journal_search *s = CONTAINER_OF(w, struct journal_search, work);
    struct map_guard guard;
    map_guard_enter_all(&guard);
    s->line = s->look(s->folder, &s->run);
    (void)map_guard_leave(&guard); /* then there is less to tell */
}

static void on_searched(uv_work_t *w, int status)
{
    struct journal_search *s = CONTAINER_OF(w, struct journal_search, work);
    if (s->on_done && status == 0)
        s->on_done(s->arg, TAKE(s->line));
    mem_free(s->line);
    mem_free(s->folder);
    mem_free(s->unit);
    mem_free(s);
}

static struct journal_search *search(struct loop *loop, const char *folder,
                                     const struct journal_run *run,
                                     char *(*look)(const char *, const struct journal_run *),
                                     journal_fn *on_done, void *arg)
{
    struct journal_search *s = mem_alloc(sizeof *s);
    s->folder = mem_strdup(folder);
    s->unit = mem_strdup(run->unit);
    s->run = *run;
    s->run.unit = s->unit;
    s->look = look;
    s->on_done = on_done;
    s->arg = arg;
    uv_queue_work(loop_uv(loop), &s->work, on_thread, on_searched);
    return s;
}

struct journal_search *journal_find(struct loop *loop, const char *folder,
                                    const struct journal_run *run, journal_fn *on_done, void *arg)
{
    return search(loop, folder, run, journal_last_error, on_done, arg);
}

struct journal_search *journal_tail(struct loop *loop, const char *folder,
                                    const struct journal_run *run, journal_fn *on_done, void *arg)
{
    return search(loop, folder, run, journal_last_lines, on_done, arg);
}

void journal_cancel(struct journal_search *s)
{
    if (!s)
        return;
    s->on_done = NULL;
    uv_cancel((uv_req_t *)&s->work);
}
