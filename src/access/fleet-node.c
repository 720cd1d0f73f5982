/* Nodes that are there: a new certificate, the last time they were seen, and their end. */
#include "access/fleet-private.h"

#include "base/json.h"
#include "base/vec.h"

#include <stdio.h>

/* --- the end --- */

static int remove_inside(struct db *db, const struct actor *by, const char *id, struct err *e)
{
    int r = db_exec(db, e, "DELETE FROM nodes WHERE id = $1", "s", id);
    if (r == 0)
        return err_set(e, -ENOENT, "There is no node called %.64s with an agent.", id);
    return r < 0 ? r : change_record(db, by, "node.remove", id, "", e);
}

int fleet_node_remove(struct fleet *f, struct db *db, const struct actor *by, const char *id,
                      struct err *e)
{
    int r = fleet_begin(db, by->now_ms, e);
    return r < 0 ? r : fleet_end(f, db, remove_inside(db, by, id, e), e);
}

static int reset_inside(struct db *db, const struct actor *by, int64_t *ret_nodes, struct err *e)
{
    char detail[48];
    int r = fleet_count(db, "SELECT count(*) FROM nodes", ret_nodes, e);
    if (r >= 0)
        r = db_exec(db, e, "DELETE FROM nodes", "");
    if (r >= 0)
        r = db_exec(db, e, "DELETE FROM enrolments", "");
    if (r >= 0)
        r = fleet_keys_forget(db, e);
    if (r < 0)
        return r;
    snprintf(detail, sizeof detail, "{\"nodes\":%lld}", (long long)*ret_nodes);
    return change_record(db, by, "node.reset", "", detail, e);
}

int fleet_reset(struct db *db, const struct actor *by, struct err *e)
{
    int64_t nodes = 0;
    int r = fleet_begin(db, by->now_ms, e);
    if (r >= 0)
        r = change_commit(db, reset_inside(db, by, &nodes, e), e);
    return r < 0 ? r : (int)nodes;
}

/* --- a new certificate --- */

static int check_old(struct db *db, const struct identity *old, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e, "SELECT serial, next_serial FROM nodes WHERE id = $1", &rows, "s",
                         old->node);
    if (r < 0 && r != -ENOENT)
        return r;
    if (r == 0 &&
        (str_eq(rows_text(rows, 0), old->serial) || str_eq(rows_text(rows, 1), old->serial)))
        return 0;
    return err_set(e, -EACCES, "%s was removed from Hydra or replaced. Add it again.", old->node);
}

static int record_renewal(struct db *db, const struct identity *i, int64_t now, struct err *e)
{
    struct actor by = {i->node, "agent", "", now};
    struct str detail = {0};
    struct jw w = jw_begin(&detail);
    jw_object(&w);
    jw_key_str(&w, "serial", i->serial);
    jw_key_time(&w, "expires", i->until_ms);
    jw_end_object(&w);
    int r = change_record(db, &by, "node.renew", i->node, str_text(&detail), e);
    str_done(&detail);
    return r;
}

/* The certificate in use is what counts from here on, beside the new one. */
static int renew_inside(struct db *db, const struct identity *old, const struct identity *fresh,
                        const unsigned char key[AUTHORITY_KEY_SIZE], int64_t now, struct err *e)
{
    char hex[2 * AUTHORITY_KEY_SIZE + 1];
    str_hex(key, AUTHORITY_KEY_SIZE, hex);
    int r = check_old(db, old, e);
    if (r >= 0)
        r = db_exec(db, e,
                    "UPDATE nodes SET serial = $1, next_serial = $2, until_ms = $3, public_key = "
                    "$4 WHERE id = $5",
                    "ssiss", old->serial, fresh->serial, fresh->until_ms, hex, old->node);
    return r < 0 ? r : record_renewal(db, fresh, now, e);
}

int fleet_renew(struct fleet *f, struct db *db, const struct identity *old,
                const unsigned char key[AUTHORITY_KEY_SIZE], const unsigned char *proof,
                size_t proof_len, int64_t now_wall_ms, struct err *e, struct str *ret_certificate,
                struct identity *ret_i)
{
    struct str certificate = {0};
    struct identity fresh;
    if (!authority_is_proof(key, old->node, strlen(old->node), proof, proof_len))
        return err_set(e, -EBADMSG, "%s did not prove that the key it showed is its own.",
                       old->node);
    int r = authority_issue(f->keys.authority, old->node, key, now_wall_ms,
                            now_wall_ms + FLEET_CERTIFICATE_MS, e, &certificate, &fresh);
    if (r >= 0)
        r = fleet_begin(db, now_wall_ms, e);
    if (r >= 0)
        r = fleet_end(f, db, renew_inside(db, old, &fresh, key, now_wall_ms, e), e);
    if (r >= 0) {
        str_add(ret_certificate, str_text(&certificate));
        *ret_i = fresh;
    }
    str_done(&certificate);
    return r;
}

/* --- when they were last seen --- */

struct seen_list {
    struct fleet_entry *v;
    size_t n, cap;
};

/* That a certificate was superseded is written at once: after a restart it must not count again. */
static bool is_due(const struct fleet_entry *t)
{
    int64_t since = t->node.seen_ms - t->written_ms;
    return t->promoted || (since > 0 && (since >= FLEET_SEEN_EVERY_MS || !t->written_ms));
}

static void collect_due(struct fleet *f, struct seen_list *list)
{
    pthread_rwlock_rdlock(&f->lock);
    for (size_t n = 0; n < f->image->n_entries; n++)
        if (is_due(&f->image->entries[n]))
            *vec_add(list) = f->image->entries[n];
    pthread_rwlock_unlock(&f->lock);
}

static void mark_written(struct fleet *f, const struct seen_list *list)
{
    pthread_rwlock_wrlock(&f->lock);
    for (size_t n = 0; n < list->n; n++) {
        struct fleet_entry *t = map_get(&f->image->by_id, list->v[n].node.id);
        if (!t || !str_eq(t->node.serial, list->v[n].node.serial))
            continue;
        t->written_ms = list->v[n].node.seen_ms;
        t->promoted = false;
    }
    pthread_rwlock_unlock(&f->lock);
}

/* Returns how many certificates were superseded. */
static int write_one(struct db *db, const struct fleet_entry *t, struct err *e)
{
    const struct fleet_node *n = &t->node;
    int promoted = 0;
    if (t->promoted)
        promoted = db_exec(db, e,
                           "UPDATE nodes SET serial = next_serial, next_serial = '' WHERE id = $1 "
                           "AND next_serial = $2",
                           "ss", n->id, n->serial);
    if (promoted < 0)
        return promoted;
    int r = db_exec(db, e,
                    "UPDATE nodes SET seen_ms = $1, address = $2, agent_version = $3 "
                    "WHERE id = $4 AND enrolled_ms = $5",
                    "isssi", n->seen_ms, n->address, n->agent_version, n->id, n->enrolled_ms);
    return r < 0 ? r : promoted;
}

/* The version stays where only times are written: nobody's rights change. */
static int write_all(struct db *db, const struct seen_list *list, int64_t now, struct err *e)
{
    int r = db_begin(db, e), promoted = 0;
    for (size_t n = 0; n < list->n && r >= 0; n++) {
        r = write_one(db, &list->v[n], e);
        promoted += r > 0;
    }
    if (r >= 0 && promoted)
        r = version_bump(db, FLEET_VERSION, now, e);
    return change_commit(db, r, e);
}

int fleet_write_seen(struct fleet *f, struct db *db, int64_t now_wall_ms, struct err *e)
{
    struct seen_list list = {0};
    collect_due(f, &list);
    int r = list.n ? write_all(db, &list, now_wall_ms, e) : 0;
    if (r >= 0 && list.n)
        mark_written(f, &list);
    vec_done(&list);
    return r;
}

/* --- what is over --- */

static int delete_over(struct db *db, int64_t now, struct err *e)
{
    int64_t before = now - FLEET_KEPT_MS;
    int r = db_exec(db, e, "DELETE FROM enrolments WHERE expires_ms < $1 AND used_ms < $2", "ii",
                    before, before);
    return r > 0 ? version_bump(db, FLEET_VERSION, now, e) : r;
}

int fleet_tidy(struct db *db, int64_t now_wall_ms, struct err *e)
{
    int r = db_begin(db, e);
    return r < 0 ? r : change_commit(db, delete_over(db, now_wall_ms, e), e);
}
