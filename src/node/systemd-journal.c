#include "node/systemd-private.h"

#include "node/line.h"

#include <systemd/sd-journal.h>

enum { ENTRIES_MAX = 60, LINES_MAX = 20, PRIORITY_ERROR = 3, PRIORITY_NOTICE = 5 };

struct journal_search {
    uv_work_t work;
    char *folder;
    char invocation[INVOCATION_SIZE];
    char *(*look)(const char *folder, const char *invocation);
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

/* Of the last lines: the last error, else the last word of the program itself. */
static char *choose(sd_journal *j)
{
    char *last = NULL;
    for (int i = 0; i < ENTRIES_MAX && sd_journal_previous(j) > 0; i++) {
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

static int match(sd_journal *j, const char *name, const char *invocation)
{
    char text[96];
    snprintf(text, sizeof text, "%s=%s", name, invocation);
    return sd_journal_add_match(j, text, 0);
}

/* At the end of what one run said, and what was said of it; NULL = no journal. */
static sd_journal *open_run(const char *folder, const char *invocation)
{
    /* What the program said; what the manager said of it, as system and as a user's manager. */
    static const char *const names[] = {"_SYSTEMD_INVOCATION_ID", "INVOCATION_ID",
                                        "USER_INVOCATION_ID"};
    sd_journal *j = NULL;
    int r = folder ? sd_journal_open_directory(&j, folder, 0)
                   : sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY);
    if (r < 0)
        return NULL;
    sd_journal_set_data_threshold(j, 4096);
    for (size_t i = 0; r >= 0 && i < COUNT_OF(names); i++) {
        r = match(j, names[i], invocation);
        if (r >= 0)
            r = sd_journal_add_disjunction(j);
    }
    if (r >= 0 && sd_journal_seek_tail(j) >= 0)
        return j;
    sd_journal_close(j);
    return NULL;
}

char *journal_last_error(const char *folder, const char *invocation)
{
    sd_journal *j = open_run(folder, invocation);
    char *line = j ? choose(j) : NULL;
    sd_journal_close(j);
    return line;
}

char *journal_last_lines(const char *folder, const char *invocation)
{
    sd_journal *j = open_run(folder, invocation);
    struct str_list lines = {0};
    struct str all = {0};
    while (j && lines.n < LINES_MAX && sd_journal_previous(j) > 0) {
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
    s->line = s->look(s->folder, s->invocation);
}

static void on_searched(uv_work_t *w, int status)
{
    struct journal_search *s = CONTAINER_OF(w, struct journal_search, work);
    if (s->on_done && status == 0)
        s->on_done(s->arg, TAKE(s->line));
    mem_free(s->line);
    mem_free(s->folder);
    mem_free(s);
}

static struct journal_search *search(struct loop *loop, const char *folder, const char *invocation,
                                     char *(*look)(const char *, const char *), journal_fn *on_done,
                                     void *arg)
{
    struct journal_search *s = mem_alloc(sizeof *s);
    s->folder = mem_strdup(folder);
    str_copy(s->invocation, sizeof s->invocation, invocation);
    s->look = look;
    s->on_done = on_done;
    s->arg = arg;
    uv_queue_work(loop_uv(loop), &s->work, on_thread, on_searched);
    return s;
}

struct journal_search *journal_find(struct loop *loop, const char *folder, const char *invocation,
                                    journal_fn *on_done, void *arg)
{
    return search(loop, folder, invocation, journal_last_error, on_done, arg);
}

struct journal_search *journal_tail(struct loop *loop, const char *folder, const char *invocation,
                                    journal_fn *on_done, void *arg)
{
    return search(loop, folder, invocation, journal_last_lines, on_done, arg);
}

void journal_cancel(struct journal_search *s)
{
    if (!s)
        return;
    s->on_done = NULL;
    uv_cancel((uv_req_t *)&s->work);
}
