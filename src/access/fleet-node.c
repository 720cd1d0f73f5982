/* Nodes that are there: a new certificate, the last time they were seen, and their end. */
#include "access/fleet-private.h"

#include "base/json.h"
#include "base/vec.h"

#include <stdio.h>

/* --- the end --- */

/* A token that waits to replace it would bring the node back behind the admin's back. */
static int remove_inside(struct db *db, const struct actor *by, const char *id, struct err *e)
{
    int r = db_exec(db, e, "DELETE FROM nodes WHERE id = $1", "s", id);
    if (r == 0)
        return err_set(e, -ENOENT, "There is no node called %.64s with an agent.", id);
    if (r > 0)
        r = db_exec(db, e, "DELETE FROM enrolments WHERE node = $1 AND used_ms = 0", "s", id);
    if (r >= 0)
        r = db_exec(db, e, "DELETE FROM bmcs WHERE node = $1", "s", id);
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
        r = db_exec(db, e, "DELETE FROM bmcs", "");
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

struct renewing {
    const struct identity *old;
    const unsigned char *key; /* AUTHORITY_KEY_SIZE */
    char key_hex[2 * AUTHORITY_KEY_SIZE + 1];
    int64_t now_ms;
    char next[FLEET_NEXT_SIZE];        /* what was issued after `old` */
    char again[AUTHORITY_SERIAL_SIZE]; /* the newest of these, when it is of this very key */
    struct str certificate;
    struct identity fresh;
};

static const char *newest(const char *next_serials)
{
    const char *space = strrchr(next_serials, ' ');
    return space ? space + 1 : next_serials;
}

/* An agent asks for one key until it has an answer, so an answer that was lost is given again under
 * its serial: that makes the agent's next certificate one of two, however often it asks. */
static int find_place(struct db *db, struct renewing *n, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    const char *rest = NULL;
    int r = db_query_one(db, e, "SELECT serial, next_serial, public_key FROM nodes WHERE id = $1",
                         &rows, "s", n->old->node);
    if (r < 0 && r != -ENOENT)
        return r;
    if (r >= 0)
        rest = str_eq(rows_text(rows, 0), n->old->serial)
                   ? rows_text(rows, 1)
                   : fleet_next_after(rows_text(rows, 1), n->old->serial);
    if (!rest)
        return err_set(e, -EACCES, "%s was removed from Hydra or replaced. Add it again.",
                       n->old->node);
    str_copy(n->next, sizeof n->next, rest);
    if (str_eq(rows_text(rows, 2), n->key_hex))
        str_copy(n->again, sizeof n->again, newest(n->next));
    return 0;
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

/* The certificate in use is what counts from here on, beside the two newest. */
static int put_renewal(struct db *db, const struct renewing *n, struct err *e)
{
    const char *before = newest(n->next);
    AUTO(mem_freep)
    char *next = *n->again ? mem_strdup(n->next)
                           : mem_printf("%s%s%s", before, *before ? " " : "", n->fresh.serial);
    return db_exec(db, e,
                   "UPDATE nodes SET serial = $1, next_serial = $2, until_ms = $3, public_key = $4 "
                   "WHERE id = $5",
                   "ssiss", n->old->serial, next, n->fresh.until_ms, n->key_hex, n->old->node);
}

static int renew_inside(const struct fleet *f, struct db *db, struct renewing *n, struct err *e)
{
    int r = find_place(db, n, e);
    if (r >= 0)
        r = authority_issue(f->keys.authority, n->old->node, *n->again ? n->again : NULL, n->key,
                            n->now_ms, n->now_ms + FLEET_CERTIFICATE_MS, e, &n->certificate,
                            &n->fresh);
    if (r >= 0)
        r = put_renewal(db, n, e);
    return r < 0 ? r : record_renewal(db, &n->fresh, n->now_ms, e);
}

/* Memory knows first that a certificate was superseded. */
static int check_renewal(struct fleet *f, const struct identity *old,
                         const unsigned char key[AUTHORITY_KEY_SIZE], const unsigned char *proof,
                         size_t proof_len, struct err *e)
{
    if (!authority_is_proof(key, old->node, strlen(old->node), proof, proof_len))
        return err_set(e, -EBADMSG, "%s did not prove that the key it showed is its own.",
                       old->node);
    if (!fleet_counts(f, old->node, old->serial))
        return err_set(e, -EACCES, "%s was removed from Hydra, replaced, or has a newer one.",
                       old->node);
    return 0;
}

int fleet_renew(struct fleet *f, struct db *db, const struct identity *old,
                const unsigned char key[AUTHORITY_KEY_SIZE], const unsigned char *proof,
                size_t proof_len, int64_t now_wall_ms, struct err *e, struct str *ret_certificate,
                struct identity *ret_i)
{
    struct renewing n = {.old = old, .key = key, .now_ms = now_wall_ms};
    str_hex(key, AUTHORITY_KEY_SIZE, n.key_hex);
    int r = check_renewal(f, old, key, proof, proof_len, e);
    if (r >= 0)
        r = fleet_begin(db, now_wall_ms, e);
    if (r >= 0)
        r = fleet_end(f, db, renew_inside(f, db, &n, e), e);
    if (r >= 0) {
        str_add(ret_certificate, str_text(&n.certificate));
        *ret_i = n.fresh;
    }
    str_done(&n.certificate);
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
    AUTO(mem_freep) char *among = mem_printf("%%%s%%", n->serial);
    int promoted = 0;
    if (t->promoted)
        promoted = db_exec(db, e,
                           "UPDATE nodes SET serial = $1, next_serial = $2 WHERE id = $3 AND "
                           "next_serial LIKE $4",
                           "ssss", n->serial, n->next_serials, n->id, among);
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
