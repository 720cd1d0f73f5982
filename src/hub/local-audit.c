#include "hub/local-audit.h"

#include "access/audit.h"
#include "base/json.h"
#include "base/log.h"
#include "base/vec.h"

#include <stdio.h>

struct entry {
    char *node;
    struct local_action *action;
};

struct entries {
    VEC(struct entry) v;
};

struct local_audit {
    struct local_audit_settings settings;
    struct entries waiting;
    struct entries writing; /* a worker has them */
    bool is_writing, stopped;
    int r;
    struct err e;
};

static void entries_done(struct entries *all)
{
    for (size_t i = 0; i < all->v.n; i++) {
        mem_free(all->v.v[i].node);
        node_report_free(&(struct node_report){.kind = REPORT_LOCAL, .local = all->v.v[i].action});
    }
    vec_done(&all->v);
}

/* --- on a worker --- */

/* 1 = it is there already. */
static int is_written(struct db *db, const char *actor, const char *detail, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e,
                         "SELECT sequence FROM audit_log WHERE actor = $1 AND detail = $2 LIMIT 1",
                         &rows, "ss", actor, detail);
    return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

static char *detail_of(const struct local_action *a)
{
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    jw_key_str(&w, "id", a->outcome->id);
    jw_key_uint(&w, "uid", a->uid);
    if (!str_is_empty(a->argument))
        jw_key_str(&w, "argument", a->argument);
    jw_key_str(&w, "text", a->outcome->text);
    jw_end_object(&w);
    return str_take(&out);
}

static const char *outcome_of(enum outcome_state s)
{
    return s == OUTCOME_DONE ? "done" : s == OUTCOME_REFUSED ? "refused" : "failed";
}

static int write_one(struct db *db, const struct entry *x, struct err *e)
{
    const struct local_action *a = x->action;
    AUTO(mem_freep) char *actor = mem_printf("%s@%s", a->user, x->node);
    AUTO(mem_freep)
    char *target = mem_printf("%s%s%s", x->node, *a->target ? "/" : "", a->target);
    AUTO(mem_freep) char *detail = detail_of(a);
    int r = is_written(db, actor, detail, e);
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

static void begin(struct local_audit *a)
{
    if (a->is_writing || a->stopped || (!a->waiting.v.n && !a->writing.v.n))
        return;
    for (size_t i = 0; i < a->waiting.v.n; i++)
        *vec_add(&a->writing.v) = a->waiting.v.v[i];
    vec_done(&a->waiting.v);
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

void local_audit_add(struct local_audit *a, const char *node, struct local_action *taken)
{
    *vec_add(&a->waiting.v) = (struct entry){mem_strdup(node), taken};
    begin(a);
}

void local_audit_tick(struct local_audit *a)
{
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
