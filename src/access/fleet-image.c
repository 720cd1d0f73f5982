#include "access/fleet-private.h"

#include "base/vec.h"

/* --- loading --- */

static void fill_node(struct fleet_entry *t, const struct rows *r)
{
    struct fleet_node *n = &t->node;
    str_copy(n->id, sizeof n->id, rows_text(r, 0));
    str_copy(n->hostname, sizeof n->hostname, rows_text(r, 1));
    str_copy(n->machine_id, sizeof n->machine_id, rows_text(r, 2));
    str_copy(n->agent_version, sizeof n->agent_version, rows_text(r, 3));
    str_copy(n->address, sizeof n->address, rows_text(r, 4));
    str_copy(n->serial, sizeof n->serial, rows_text(r, 5));
    str_copy(n->next_serials, sizeof n->next_serials, rows_text(r, 6));
    n->until_ms = rows_int(r, 7);
    n->enrolled_ms = rows_int(r, 8);
    n->seen_ms = t->written_ms = rows_int(r, 9);
}

static int load_nodes(struct fleet_image *i, struct db *db, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    VEC(struct fleet_entry) list = {0};
    int r = db_query(db, e,
                     "SELECT id, hostname, machine_id, agent_version, address, serial, "
                     "next_serial, until_ms, enrolled_ms, seen_ms FROM nodes ORDER BY id",
                     &rows, "");
    while (r >= 0 && (r = rows_next(rows, e)) == 1)
        fill_node(vec_add(&list), rows);
    i->entries = list.v;
    i->n_entries = list.n;
    for (size_t n = 0; n < i->n_entries; n++)
        map_set(&i->by_id, i->entries[n].node.id, &i->entries[n]);
    return r;
}

static void fill_enrolment(struct enrolment *n, const struct rows *r)
{
    str_copy(n->id, sizeof n->id, rows_text(r, 0));
    str_copy(n->node, sizeof n->node, rows_text(r, 1));
    n->replaces = rows_int(r, 2) != 0;
    str_copy(n->created_by, sizeof n->created_by, rows_text(r, 3));
    n->created_ms = rows_int(r, 4);
    n->expires_ms = rows_int(r, 5);
    n->used_ms = rows_int(r, 6);
    str_copy(n->trouble, sizeof n->trouble, rows_text(r, 7));
    n->trouble_ms = rows_int(r, 8);
}

static int load_enrolments(struct fleet_image *i, struct db *db, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    VEC(struct enrolment) list = {0};
    int r = db_query(db, e,
                     "SELECT id, node, replaces, created_by, created_ms, expires_ms, used_ms, "
                     "trouble, trouble_ms FROM enrolments ORDER BY created_ms DESC, id DESC",
                     &rows, "");
    while (r >= 0 && (r = rows_next(rows, e)) == 1)
        fill_enrolment(vec_add(&list), rows);
    i->enrolments = list.v;
    i->n_enrolments = list.n;
    return r;
}

int fleet_image_load(struct db *db, struct err *e, struct fleet_image **ret_i)
{
    AUTO(fleet_image_freep) struct fleet_image *i = mem_alloc(sizeof *i);
    int r = db_begin_read(db, e);
    if (r < 0)
        return r;
    r = version_read(db, FLEET_VERSION, e, &i->version);
    if (r >= 0)
        r = load_nodes(i, db, e);
    if (r >= 0)
        r = load_enrolments(i, db, e);
    if (r >= 0)
        r = fleet_bmcs_load(i, db, e);
    db_rollback(db);
    if (r < 0)
        return r;
    *ret_i = TAKE(i);
    return 0;
}

void fleet_image_free(struct fleet_image *i)
{
    if (!i)
        return;
    map_done(&i->by_id, NULL);
    mem_free(i->entries);
    mem_free(i->enrolments);
    fleet_bmcs_free(i);
    mem_free(i);
}

/* --- from one image to the next --- */

static void carry(struct fleet_entry *t, const struct fleet_entry *old)
{
    struct fleet_node *n = &t->node;
    if (old->promoted)
        fleet_promote(t, old->node.serial);
    if (n->enrolled_ms != old->node.enrolled_ms || old->node.seen_ms <= n->seen_ms)
        return;
    n->seen_ms = old->node.seen_ms;
    str_copy(n->address, sizeof n->address, old->node.address);
    str_copy(n->agent_version, sizeof n->agent_version, old->node.agent_version);
}

void fleet_image_carry(struct fleet_image *i, const struct fleet_image *before)
{
    for (size_t n = 0; n < i->n_entries; n++) {
        const struct fleet_entry *old = map_get(&before->by_id, i->entries[n].node.id);
        if (old)
            carry(&i->entries[n], old);
    }
}

static bool nodes_differ(const struct fleet_image *i, const struct fleet_image *before)
{
    if (i->n_entries != before->n_entries)
        return true;
    for (size_t n = 0; n < i->n_entries; n++) {
        const struct fleet_node *now = &i->entries[n].node, *old = &before->entries[n].node;
        if (!str_eq(now->id, old->id) || now->enrolled_ms != old->enrolled_ms ||
            now->until_ms != old->until_ms || !str_eq(now->hostname, old->hostname))
            return true;
    }
    return false;
}

static bool enrolments_differ(const struct fleet_image *i, const struct fleet_image *before)
{
    if (i->n_enrolments != before->n_enrolments)
        return true;
    for (size_t n = 0; n < i->n_enrolments; n++) {
        const struct enrolment *now = &i->enrolments[n], *old = &before->enrolments[n];
        if (!str_eq(now->id, old->id) || now->used_ms != old->used_ms ||
            now->trouble_ms != old->trouble_ms || !str_eq(now->trouble, old->trouble))
            return true;
    }
    return false;
}

void fleet_image_tell(const struct fleet_image *i, const struct fleet_image *before,
                      const struct fleet_hooks *hooks)
{
    if (hooks->changed && (nodes_differ(i, before) || enrolments_differ(i, before)))
        hooks->changed(hooks->arg);
}
