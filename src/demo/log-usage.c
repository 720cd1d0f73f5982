/* What logs of a node that is played take up: the same each time, until they are shortened. */
#include "demo/player-private.h"

#include "base/clock.h"
#include "node/container-logs.h"
#include "node/journal-usage.h"

#include <math.h>

enum {
    JOURNAL_FILE = 128 << 20,
    JOURNAL_FILES_MIN = 9,
    JOURNAL_FILES = 24,
    FILE_S = 20 * 3600,
    BLOCK = 4096
};

#define LARGEST 4.2e9 /* bytes of a container's log */

static bool has_journal(const struct player *p)
{
    MAP_FOREACH (&p->services, e)
        if (str_starts(((struct played *)e->value)->now->id, "systemd/"))
            return true;
    return false;
}

/* --- the journal --- */

static unsigned journal_files(const struct player *p)
{
    unsigned n = JOURNAL_FILES_MIN + str_hash(STR_HASH, p->settings.node) % JOURNAL_FILES;
    return p->journal_kept && p->journal_kept < n ? p->journal_kept : n;
}

static int64_t journal_since(const struct player *p)
{
    return clock_wall_ms() - journal_files(p) * (int64_t)FILE_S * 1000;
}

static struct journal_usage journal_of(const struct player *p)
{
    unsigned n = journal_files(p);
    return (struct journal_usage){.bytes = (uint64_t)n * JOURNAL_FILE,
                                  .archived_bytes = (uint64_t)(n - 1) * JOURNAL_FILE,
                                  .files = n,
                                  .since_ms = journal_since(p)};
}

void logs_vacuum(struct player *p, const struct vacuum *v, struct str *text)
{
    unsigned before = journal_files(p), after = before;
    if (v->bytes && v->bytes / JOURNAL_FILE < after)
        after = (unsigned)(v->bytes / JOURNAL_FILE);
    if (v->seconds && v->seconds / FILE_S < after)
        after = (unsigned)(v->seconds / FILE_S);
    p->journal_kept = after ? after : 1;
    after = journal_files(p);
    str_add(text, "The journal takes ");
    str_add_bytes(text, (uint64_t)after * JOURNAL_FILE);
    if (after == before) {
        str_add(text, ". Nothing was won: no old file was beyond that");
        return;
    }
    str_add(text, " now: ");
    str_add_bytes(text, (uint64_t)(before - after) * JOURNAL_FILE);
    str_add(text, " are free again");
}

/* --- containers --- */

/* Most print little, few very much. */
static uint64_t bytes_of(const struct player *p, const struct played *s)
{
    double share = str_hash(STR_HASH, s->now->id) / 4294967296.0;
    if (str_list_has(&p->emptied, s->now->id))
        return BLOCK;
    return BLOCK + (uint64_t)(pow(share, 8) * LARGEST) / BLOCK * BLOCK;
}

uint64_t logs_empty(struct player *p, const struct played *s)
{
    uint64_t won = bytes_of(p, s);
    if (!str_list_has(&p->emptied, s->now->id))
        str_list_add(&p->emptied, s->now->id);
    return won - BLOCK;
}

static void print_containers(const struct player *p, struct jw *w)
{
    AUTO(container_logs_done) struct container_logs l = {0};
    MAP_FOREACH (&p->services, e) {
        const struct played *s = e->value;
        if (str_starts(s->now->id, "docker/"))
            *(struct container_log *)vec_add(&l.v) =
                (struct container_log){.name = mem_strdup(s->now->name), .bytes = bytes_of(p, s)};
    }
    container_logs_sort(&l);
    container_logs_tell(&l, p->policy, w);
}

void logs_print(struct player *p, struct jw *w)
{
    struct journal_usage u = journal_of(p);
    jw_object(w);
    jw_key(w, "journal");
    if (has_journal(p))
        journal_usage_print(&u, w);
    else
        jw_null(w);
    jw_key_str(w, "journal_text", has_journal(p) ? NULL : "This machine keeps no journal.");
    jw_key(w, "containers");
    print_containers(p, w);
    jw_key_str(w, "containers_text", NULL);
    jw_end_object(w);
}
