#include "hub/local-audit.h"

#include "access/audit.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/share.h"
#include "base/vec.h"

#include <stdio.h>

enum {
    MINUTE_MS = 60 * 1000,
    SHARE_MS = MINUTE_MS / LIMIT_LOCAL_AUDIT_MINUTE, /* for one more */
    LIMIT_USER = 200,                                /* bytes */
    LIMIT_ARGUMENT = 512, /* so that even all escaped they stay below LIMIT_AUDIT_DETAIL */
    LIMIT_RESULT = 2000,
};

struct entry {
    char *node;
    struct local_action *action; /* NULL: so many were left out */
    unsigned left_out;
};

/* How much of a node is written. */
struct account {
    struct share share;
    unsigned left_out;
    int64_t since_ms; /* mono: of the first */
};

struct entries {
    VEC(struct entry) v;
};

struct local_audit {
    struct local_audit_settings settings;
    struct entries waiting;
    struct entries writing; /* a worker has them */
    struct map accounts;    /* by node */
    bool is_writing, stopped;
    int r;
    struct err e;
};

static void free_action(struct local_action *a)
{
    if (a)
        node_report_free(&(struct node_report){.kind = REPORT_LOCAL, .local = a});
}

static void entries_done(struct entries *all)
{
    for (size_t i = 0; i < all->v.n; i++) {
        mem_free(all->v.v[i].node);
        free_action(all->v.v[i].action);
    }
    vec_done(&all->v);
}

/* --- on a worker --- */

/* Text of a node as it can be stored, and found again. */
static char *cut(const char *text, size_t max)
{
    return str_mend_utf8(mem_strndup(text, strnlen(text, max)));
}

/* The id comes first in a detail. 1 = it is there already. */
static int is_written(struct db *db, const char *actor, const char *id, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    AUTO(str_done) struct str begins = {0};
    struct jw w = jw_begin(&begins);
    jw_object(&w);
    jw_key_str(&w, "id", id);
    str_add_char(&begins, ',');
    int r = db_query_one(db, e,
                         "SELECT sequence FROM audit_log WHERE actor = $1 AND "
                         "substr(detail, 1, length(CAST($2 AS TEXT))) = $2 LIMIT 1",
                         &rows, "ss", actor, begins.p);
    return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

static char *detail_of(const struct local_action *a)
{
    struct str out = {0};
    AUTO(mem_freep) char *argument = cut(a->argument, LIMIT_ARGUMENT);
    AUTO(mem_freep) char *text = cut(a->outcome->text, LIMIT_RESULT);
    struct jw w = jw_begin(&out);
    jw_object(&w);
    jw_key_str(&w, "id", a->outcome->id);
    jw_key_uint(&w, "uid", a->uid);
    if (*argument)
        jw_key_str(&w, "argument", argument);
    jw_key_str(&w, "text", text);
    jw_end_object(&w);
    return str_take(&out);
}

static const char *outcome_of(enum outcome_state s)
{
    return s == OUTCOME_DONE ? "done" : s == OUTCOME_REFUSED ? "refused" : "failed";
}

static int write_left_out(struct db *db, const struct entry *x, struct err *e)
{
    char detail[64];
    snprintf(detail, sizeof detail, "{\"actions\":%u}", x->left_out);
    return audit_append(db,
                        &(struct audit_entry){.time_ms = clock_wall_ms(),
                                              .actor = "system",
                                              .via = "local",
                                              .address = x->node,
                                              .action = "audit.left-out",
                                              .target = x->node,
                                              .outcome = "refused",
                                              .detail = detail},
                        e);
}

static int write_one(struct db *db, const struct entry *x, struct err *e)
{
    const struct local_action *a = x->action;
    if (!a)
        return write_left_out(db, x, e);
    AUTO(mem_freep) char *user = cut(a->user, LIMIT_USER);
    AUTO(mem_freep) char *actor = mem_printf("%s@%s", user, x->node);
    AUTO(mem_freep)
    char *target = mem_printf("%s%s%s", x->node, *a->target ? "/" : "", a->target);
    AUTO(mem_freep) char *detail = detail_of(a);
    int r = is_written(db, actor, a->outcome->id, e);
    if (r != 0)
        return r;
    return audit_append(db,
                        &(struct audit_entry){.time_ms = a->outcome->time_ms,
                                              .actor = actor,
                                              .via = "local",
                                              .address = x->node,
                                              .action = a->verb,
                                              .target = target,
                                              .outcome = outcome_of(a->outcome->state),
                                              .detail = detail},
                        e);
}

static int write_all(const struct entries *all, struct db *db, struct err *e)
{
    int r = db_begin(db, e);
    for (size_t i = 0; i < all->v.n && r >= 0; i++)
        r = write_one(db, &all->v.v[i], e);
    if (r >= 0)
        return db_commit(db, e);
    db_rollback(db);
    return r;
}

static void finish(void *arg);

static void work(void *arg)
{
    struct local_audit *a = arg;
    AUTO(store_givep) struct db *db = NULL;
    a->e = (struct err){0};
    a->r = store_take(a->settings.store, &a->e, &db);
    if (a->r >= 0)
        a->r = write_all(&a->writing, db, &a->e);
    loop_post(a->settings.loop, finish, a);
}

/* --- on the loop --- */

static bool has(const struct entries *all, const char *node)
{
    for (size_t i = 0; i < all->v.n; i++)
        if (str_eq(all->v.v[i].node, node))
            return true;
    return false;
}

static void take_batch(struct local_audit *a)
{
    size_t n = 0;
    while (a->writing.v.n < LOCAL_AUDIT_BATCH && n < a->waiting.v.n)
        *vec_add(&a->writing.v) = a->waiting.v.v[n++];
    a->waiting.v.n -= n;
    if (n)
        memmove(a->waiting.v.v, a->waiting.v.v + n, a->waiting.v.n * sizeof *a->waiting.v.v);
}

static void begin(struct local_audit *a)
{
    if (a->is_writing || a->stopped || (!a->waiting.v.n && !a->writing.v.n))
        return;
    take_batch(a);
    a->is_writing = workers_submit(a->settings.workers, work, a) >= 0;
}

static void finish(void *arg)
{
    struct local_audit *a = arg;
    a->is_writing = false;
    if (a->r < 0) {
        log_warn("hub", "what was done on a node is not in the audit log yet", "error=%s it=%s",
                 LOG_Q(err_text(&a->e, a->r)), "is tried again");
        return;
    }
    struct entries written = a->writing;
    a->writing = (struct entries){0};
    for (size_t i = 0; i < written.v.n && !a->stopped; i++)
        a->settings.settled(a->settings.arg, written.v.v[i].node,
                            !has(&a->waiting, written.v.v[i].node));
    entries_done(&written);
    begin(a);
}

/* --- how much of one node --- */

static struct account *account_of(struct local_audit *a, const char *node)
{
    struct account *c = map_get(&a->accounts, node);
    if (!c) {
        c = mem_alloc(sizeof *c);
        map_set(&a->accounts, node, c);
    }
    return c;
}

static void leave_out(struct local_audit *a, const char *node, struct account *c)
{
    if (c->left_out++ == 0) {
        c->since_ms = clock_mono_ms();
        log_warn("hub", "too much is done on a node: some is left out of the audit log", "node=%s",
                 node);
    }
    if (!has(&a->waiting, node) && !has(&a->writing, node))
        a->settings.settled(a->settings.arg, node, true);
}

static void tell_left_out(struct local_audit *a)
{
    int64_t after = a->settings.left_out_ms ? a->settings.left_out_ms : MINUTE_MS;
    MAP_FOREACH (&a->accounts, at) {
        struct account *c = at->key ? at->value : NULL;
        if (!c || !c->left_out || clock_mono_ms() - c->since_ms < after)
            continue;
        *vec_add(&a->waiting.v) =
            (struct entry){.node = mem_strdup(at->key), .left_out = c->left_out};
        c->left_out = 0;
    }
}

void local_audit_add(struct local_audit *a, const char *node, struct local_action *taken)
{
    struct account *c = account_of(a, node);
    if (a->waiting.v.n >= LIMIT_LOCAL_AUDIT_WAITING ||
        !share_take(&c->share, LIMIT_LOCAL_AUDIT_BURST, SHARE_MS, clock_mono_ms())) {
        free_action(taken);
        leave_out(a, node, c);
        return;
    }
    mem_set_str(&taken->outcome->output, ""); /* the log does not have it */
    *vec_add(&a->waiting.v) = (struct entry){.node = mem_strdup(node), .action = taken};
    begin(a);
}

void local_audit_tick(struct local_audit *a)
{
    tell_left_out(a);
    begin(a);
}

struct local_audit *local_audit_new(const struct local_audit_settings *s)
{
    struct local_audit *a = mem_alloc(sizeof *a);
    a->settings = *s;
    return a;
}

static void free_self(void *arg)
{
    struct local_audit *a = arg;
    entries_done(&a->waiting);
    entries_done(&a->writing);
    map_done(&a->accounts, mem_free);
    mem_free(a);
}

/* Freed by the loop, after the last answer of a worker that points here. */
void local_audit_free(struct local_audit *a)
{
    if (!a)
        return;
    a->stopped = true;
    loop_post(a->settings.loop, free_self, a);
}
