/* The management controllers of nodes. A password leaves this file for one thing only: to be sent
 * to the very address that it was set for, by the very node. */
#include "access/fleet-private.h"

#include "base/json.h"
#include "base/vec.h"

/* What is sealed along: whoever changes a row in the database can't send the password elsewhere. */
static char *purpose_of(const struct fleet_bmc *b)
{
    return mem_printf("bmc %s %s %s", b->node, b->address, b->via);
}

static const struct fleet_bmc_entry *find(const struct fleet *f, const char *node)
{
    for (size_t i = 0; i < f->image->n_bmcs; i++)
        if (str_eq(f->image->bmcs[i].bmc.node, node))
            return &f->image->bmcs[i];
    return NULL;
}

int fleet_bmcs_load(struct fleet_image *i, struct db *db, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    VEC(struct fleet_bmc_entry) list = {0};
    int r = db_query(db, e,
                     "SELECT node, address, user_name, password, via, changed_ms, changed_by FROM "
                     "bmcs ORDER BY node",
                     &rows, "");
    while (r >= 0 && (r = rows_next(rows, e)) == 1) {
        struct fleet_bmc_entry *t = vec_add(&list);
        struct fleet_bmc *b = &t->bmc;
        str_copy(b->node, sizeof b->node, rows_text(rows, 0));
        str_copy(b->address, sizeof b->address, rows_text(rows, 1));
        str_copy(b->user, sizeof b->user, rows_text(rows, 2));
        t->sealed = mem_strdup(rows_text(rows, 3));
        str_copy(b->via, sizeof b->via, rows_text(rows, 4));
        b->changed_ms = rows_int(rows, 5);
        str_copy(b->changed_by, sizeof b->changed_by, rows_text(rows, 6));
    }
    i->bmcs = list.v;
    i->n_bmcs = list.n;
    return r;
}

void fleet_bmcs_free(struct fleet_image *i)
{
    for (size_t n = 0; n < i->n_bmcs; n++)
        mem_free(i->bmcs[n].sealed);
    mem_free(i->bmcs);
}

bool fleet_bmc(struct fleet *f, const char *node, struct fleet_bmc *ret_b)
{
    pthread_rwlock_rdlock(&f->lock);
    const struct fleet_bmc_entry *t = find(f, node);
    if (t)
        *ret_b = t->bmc;
    pthread_rwlock_unlock(&f->lock);
    return t != NULL;
}

static bool is_asked_so(const struct fleet_bmc *b, const char *address, const char *asks,
                        bool of_hub)
{
    return str_eq(b->address, address) && (*b->via ? str_eq(b->via, asks) : of_hub);
}

int fleet_bmc_secret(struct fleet *f, const char *node, const char *address, const char *asks,
                     bool of_hub, struct err *e, struct str *ret_secret)
{
    struct fleet_bmc b;
    AUTO(mem_freep) char *sealed = NULL;
    pthread_rwlock_rdlock(&f->lock);
    const struct fleet_bmc_entry *t = find(f, node);
    if (t) {
        b = t->bmc;
        sealed = mem_strdup(t->sealed);
    }
    pthread_rwlock_unlock(&f->lock);
    if (!sealed || !is_asked_so(&b, address, asks, of_hub))
        return err_set(e, -EINVAL,
                       "The controller of %s was changed meanwhile: nothing was sent. Ask again.",
                       node);
    AUTO(mem_freep) char *purpose = purpose_of(&b);
    struct str plain = {0};
    str_addf(&plain, "%s\n", b.user);
    int r = seal_read(f->seal, purpose, sealed, &plain);
    if (r >= 0)
        str_add(ret_secret, str_text(&plain));
    else
        err_set(e, r, "The password of the controller of %s can't be opened: set it again.", node);
    seal_wipe(&plain);
    return r;
}

/* --- changes --- */

static int record(struct db *db, const struct actor *by, const struct fleet_bmc *b,
                  bool with_password, struct err *e)
{
    struct str detail = {0};
    struct jw w = jw_begin(&detail);
    jw_object(&w);
    jw_key_str(&w, "address", b->address);
    jw_key_str(&w, "user", b->user);
    jw_key_str(&w, "via", *b->via ? b->via : NULL);
    if (with_password)
        jw_key_str(&w, "password", "***");
    jw_end_object(&w);
    int r = change_record(db, by, "bmc.set", b->node, str_text(&detail), e);
    str_done(&detail);
    return r;
}

static int put(struct fleet *f, struct db *db, const struct fleet_bmc *b, const char *password,
               struct err *e)
{
    AUTO(mem_freep) char *purpose = purpose_of(b);
    AUTO(str_done) struct str sealed = {0};
    seal_text(f->seal, purpose, password, &sealed);
    return db_exec(db, e,
                   "INSERT INTO bmcs (node, address, user_name, password, via, changed_ms, "
                   "changed_by) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (node) DO UPDATE "
                   "SET address = excluded.address, user_name = excluded.user_name, password = "
                   "excluded.password, via = excluded.via, changed_ms = excluded.changed_ms, "
                   "changed_by = excluded.changed_by",
                   "sssssis", b->node, b->address, b->user, str_text(&sealed), b->via,
                   b->changed_ms, b->changed_by);
}

/* Without a password it is the one before, which is never sent anywhere else. */
static int change(struct fleet *f, struct db *db, const struct fleet_bmc *b, const char *password,
                  struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    if (password)
        return put(f, db, b, password, e);
    int r =
        db_query_one(db, e, "SELECT address, via FROM bmcs WHERE node = $1", &rows, "s", b->node);
    if (r == -ENOENT)
        return err_field(e, err_set(e, -EINVAL, "Say the password of the controller, too."),
                         "password");
    if (r < 0)
        return r;
    if (!str_eq(rows_text(rows, 0), b->address) || !str_eq(rows_text(rows, 1), b->via))
        return err_field(e,
                         err_set(e, -EINVAL,
                                 "Say the password again: it is given to no other address and by "
                                 "no other node than it was set for."),
                         "password");
    return db_exec(db, e,
                   "UPDATE bmcs SET user_name = $1, changed_ms = $2, changed_by = $3 WHERE node = "
                   "$4",
                   "siss", b->user, b->changed_ms, b->changed_by, b->node);
}

int fleet_bmc_set(struct fleet *f, struct db *db, const struct actor *by, const struct fleet_bmc *b,
                  const char *password, struct err *e)
{
    struct fleet_bmc made = *b;
    made.changed_ms = by->now_ms;
    str_copy(made.changed_by, sizeof made.changed_by, by->name);
    int r = fleet_begin(db, by->now_ms, e);
    if (r < 0)
        return r;
    r = change(f, db, &made, password, e);
    if (r >= 0)
        r = record(db, by, &made, password != NULL, e);
    return fleet_end(f, db, r, e);
}

static int remove_inside(struct db *db, const struct actor *by, const char *node, struct err *e)
{
    int r = db_exec(db, e, "DELETE FROM bmcs WHERE node = $1", "s", node);
    if (r == 0)
        return err_set(e, -ENOENT, "%.64s has no management controller that Hydra knows.", node);
    return r < 0 ? r : change_record(db, by, "bmc.remove", node, "", e);
}

int fleet_bmc_remove(struct fleet *f, struct db *db, const struct actor *by, const char *node,
                     struct err *e)
{
    int r = fleet_begin(db, by->now_ms, e);
    return r < 0 ? r : fleet_end(f, db, remove_inside(db, by, node, e), e);
}
