#include "access/fleet-private.h"

#include "base/log.h"

static int load_first(struct fleet *f, struct store *store, const char *data_folder,
                      bool may_replace, struct err *e)
{
    AUTO(store_givep) struct db *db = NULL;
    int r = store_take(store, e, &db);
    if (r >= 0)
        r = fleet_keys_load(db, data_folder, may_replace, e, &f->keys);
    if (r >= 0)
        r = seal_open(data_folder, e, &f->seal);
    return r < 0 ? r : fleet_image_load(db, e, &f->image);
}

int fleet_new(struct store *store, const char *data_folder, const struct fleet_hooks *hooks,
              struct err *e, struct fleet **ret_f)
{
    AUTO(fleet_freep) struct fleet *f = mem_alloc(sizeof *f);
    pthread_mutex_init(&f->refreshing, NULL);
    pthread_rwlock_init(&f->lock, NULL);
    f->folder = mem_strdup(data_folder);
    f->hooks = hooks ? *hooks : (struct fleet_hooks){0};
    int r = load_first(f, store, data_folder, hooks != NULL, e);
    if (r < 0)
        return r;
    *ret_f = TAKE(f);
    return 0;
}

void fleet_free(struct fleet *f)
{
    if (!f)
        return;
    fleet_image_free(f->image);
    fleet_keys_done(&f->keys);
    seal_free(f->seal);
    mem_free(f->folder);
    pthread_rwlock_destroy(&f->lock);
    pthread_mutex_destroy(&f->refreshing);
    mem_free(f);
}

/* --- the image kept fresh --- */

static void replace_image(struct fleet *f, struct fleet_image *fresh)
{
    pthread_rwlock_wrlock(&f->lock);
    struct fleet_image *before = f->image;
    fleet_image_carry(fresh, before);
    f->image = fresh;
    pthread_rwlock_unlock(&f->lock);
    fleet_image_tell(fresh, before, &f->hooks);
    fleet_image_free(before);
}

/* The hub's keys as the database has them now; the authority is the same. */
static void take_keys(struct fleet *f, struct fleet_keys *fresh)
{
    struct str_list told = {0};
    pthread_rwlock_wrlock(&f->lock);
    struct fleet_keys *k = &f->keys;
    bool same = memcmp(k->pin, fresh->pin, FLEET_PIN_SIZE) == 0 &&
                k->rotation.begun_ms == fresh->rotation.begun_ms;
    if (same && k->rotation.begun_ms) /* memory knows more of who was told */
        str_list_copy(&told, &k->rotation.told);
    struct fleet_keys before = *k;
    *k = *fresh;
    k->authority = before.authority;
    before.authority = fresh->authority;
    *fresh = before;
    for (size_t i = 0; i < told.n; i++)
        if (!str_list_has(&k->rotation.told, told.v[i]))
            str_list_add(&k->rotation.told, told.v[i]);
    pthread_rwlock_unlock(&f->lock);
    str_list_done(&told);
    if (!same && f->hooks.changed)
        f->hooks.changed(f->hooks.arg);
}

static void sync_keys(struct fleet *f, struct db *db)
{
    struct fleet_keys fresh = {0};
    struct err e = {0};
    int r = fleet_keys_load(db, f->folder, false, &e, &fresh);
    if (r < 0) {
        log_warn("access", "the keys for agents can't be read anew", "error=%s it=%s",
                 LOG_Q(err_text(&e, r)), "goes on with those it has");
        return;
    }
    take_keys(f, &fresh);
    fleet_keys_done(&fresh);
}

static int sync_locked(struct fleet *f, struct db *db, struct err *e)
{
    int64_t version;
    struct fleet_image *fresh = NULL;
    int r = version_read(db, FLEET_VERSION, e, &version);
    if (r < 0 || version == f->image->version)
        return r;
    r = fleet_image_load(db, e, &fresh);
    if (r >= 0) {
        replace_image(f, fresh);
        sync_keys(f, db);
    }
    return r;
}

int fleet_sync(struct fleet *f, struct db *db, struct err *e)
{
    pthread_mutex_lock(&f->refreshing);
    int r = sync_locked(f, db, e);
    pthread_mutex_unlock(&f->refreshing);
    return r;
}

int fleet_begin(struct db *db, int64_t now_wall_ms, struct err *e)
{
    return change_begin_of(db, FLEET_VERSION, now_wall_ms, e);
}

int fleet_end(struct fleet *f, struct db *db, int r, struct err *e)
{
    struct err trouble = {0};
    r = change_commit(db, r, e);
    if (r < 0)
        return r;
    /* The change is made, whatever happens here; fleet_refresh() tries again. */
    if (fleet_sync(f, db, &trouble) < 0)
        log_debug("access", "nodes not yet read back", "error=%s", LOG_Q(trouble.text));
    return 0;
}

int fleet_count(struct db *db, const char *sql, int64_t *ret_n, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e, sql, &rows, "");
    if (r >= 0)
        *ret_n = rows_int(rows, 0);
    return r;
}

static bool has_expired_since(const struct fleet_image *i, int64_t before_ms, int64_t now_ms)
{
    for (size_t n = 0; n < i->n_enrolments; n++) {
        const struct enrolment *t = &i->enrolments[n];
        if (!t->used_ms && t->expires_ms > before_ms && t->expires_ms <= now_ms)
            return true;
    }
    return false;
}

int fleet_refresh(struct fleet *f, struct db *db, int64_t now_wall_ms, struct err *e)
{
    pthread_mutex_lock(&f->refreshing);
    int r = sync_locked(f, db, e);
    int64_t before = atomic_exchange(&f->now_ms, now_wall_ms);
    if (f->hooks.changed && has_expired_since(f->image, before, now_wall_ms))
        f->hooks.changed(f->hooks.arg);
    pthread_mutex_unlock(&f->refreshing);
    if (r >= 0)
        r = fleet_write_seen(f, db, now_wall_ms, e);
    if (r >= 0)
        r = fleet_rotation_tick(f, db, now_wall_ms, e);
    int64_t since = now_wall_ms - atomic_load(&f->tidied_ms);
    if (r < 0 || (since >= 0 && since < FLEET_TIDY_EVERY_MS))
        return r < 0 ? r : 0;
    atomic_store(&f->tidied_ms, now_wall_ms);
    return fleet_tidy(db, now_wall_ms, e);
}

/* --- from memory --- */

void fleet_hub_identity(struct fleet *f, struct str *ret_certificate, struct str *ret_key)
{
    pthread_rwlock_rdlock(&f->lock);
    str_add(ret_certificate, str_text(&f->keys.certificate));
    str_add(ret_key, str_text(&f->keys.key));
    pthread_rwlock_unlock(&f->lock);
}

int fleet_sign(struct fleet *f, const void *message, size_t len, struct err *e,
               unsigned char ret_key[AUTHORITY_KEY_SIZE],
               unsigned char ret_signature[AUTHORITY_SIGNATURE_SIZE])
{
    pthread_rwlock_rdlock(&f->lock);
    int r = authority_sign(str_text(&f->keys.key), message, len, e, ret_key, ret_signature);
    pthread_rwlock_unlock(&f->lock);
    return r;
}

size_t fleet_pins(struct fleet *f, unsigned char ret_pins[LIMIT_FLEET_PINS][FLEET_PIN_SIZE])
{
    pthread_rwlock_rdlock(&f->lock);
    bool two = f->keys.rotation.begun_ms != 0;
    memcpy(ret_pins[0], f->keys.pin, FLEET_PIN_SIZE);
    if (two)
        memcpy(ret_pins[1], f->keys.next_pin, FLEET_PIN_SIZE);
    pthread_rwlock_unlock(&f->lock);
    return two ? 2 : 1;
}

const char *enrolment_state_name(enum enrolment_state s)
{
    static const char *const names[] = {"waiting", "used", "expired"};
    return names[s];
}

enum enrolment_state enrolment_state_at(const struct enrolment *n, int64_t now_wall_ms)
{
    if (n->used_ms)
        return ENROLMENT_USED;
    return n->expires_ms <= now_wall_ms ? ENROLMENT_EXPIRED : ENROLMENT_WAITING;
}

size_t fleet_enrolments(struct fleet *f, struct enrolment **ret_n)
{
    pthread_rwlock_rdlock(&f->lock);
    size_t n = f->image->n_enrolments;
    *ret_n = n ? mem_dup(f->image->enrolments, n * sizeof **ret_n) : NULL;
    pthread_rwlock_unlock(&f->lock);
    return n;
}

size_t fleet_nodes(struct fleet *f, struct fleet_node **ret_nodes)
{
    pthread_rwlock_rdlock(&f->lock);
    size_t n = f->image->n_entries;
    *ret_nodes = n ? mem_array(n, sizeof **ret_nodes) : NULL;
    for (size_t i = 0; i < n; i++)
        (*ret_nodes)[i] = f->image->entries[i].node;
    pthread_rwlock_unlock(&f->lock);
    return n;
}

bool fleet_is_empty(struct fleet *f)
{
    int64_t now = atomic_load(&f->now_ms);
    pthread_rwlock_rdlock(&f->lock);
    bool empty = !f->image->n_entries;
    for (size_t n = 0; n < f->image->n_enrolments && empty; n++)
        empty = enrolment_state_at(&f->image->enrolments[n], now) != ENROLMENT_WAITING;
    pthread_rwlock_unlock(&f->lock);
    return empty;
}

/* All serials are of one length. */
const char *fleet_next_after(const char *next_serials, const char *serial)
{
    const char *at = *serial ? strstr(next_serials, serial) : NULL;
    return at ? at + strlen(serial) + (at[strlen(serial)] == ' ') : NULL;
}

static bool counts(const struct fleet_node *n, const char *serial)
{
    return str_eq(n->serial, serial) || fleet_next_after(n->next_serials, serial);
}

bool fleet_counts(struct fleet *f, const char *node, const char *serial)
{
    pthread_rwlock_rdlock(&f->lock);
    const struct fleet_entry *t = map_get(&f->image->by_id, node);
    bool ok = t && counts(&t->node, serial);
    pthread_rwlock_unlock(&f->lock);
    return ok;
}

int fleet_admit(struct fleet *f, const void *der, size_t len, int64_t now_wall_ms, struct err *e,
                struct identity *ret_i)
{
    struct identity i;
    int r = authority_check(f->keys.authority, der, len, now_wall_ms, e, &i);
    if (r < 0)
        return r;
    pthread_rwlock_rdlock(&f->lock);
    const struct fleet_entry *t = map_get(&f->image->by_id, i.node);
    bool known = t != NULL, ok = known && counts(&t->node, i.serial);
    pthread_rwlock_unlock(&f->lock);
    if (!known)
        return err_set(e, -EACCES, "The node %s was removed from Hydra. Add it again.", i.node);
    if (!ok)
        return err_set(e, -EACCES,
                       "The certificate of %s counts no more: another machine took its place, or "
                       "it has a newer one. If this is still %s, add it again.",
                       i.node, i.node);
    *ret_i = i;
    return 0;
}

void fleet_promote(struct fleet_entry *t, const char *serial)
{
    struct fleet_node *n = &t->node;
    const char *rest = fleet_next_after(n->next_serials, serial);
    if (!rest)
        return;
    str_copy(n->serial, sizeof n->serial, serial);
    memmove(n->next_serials, rest, strlen(rest) + 1);
    t->promoted = true;
}

void fleet_seen(struct fleet *f, const struct identity *i, const char *address,
                const char *agent_version, int64_t now_wall_ms)
{
    pthread_rwlock_wrlock(&f->lock);
    struct fleet_entry *t = map_get(&f->image->by_id, i->node);
    if (t && counts(&t->node, i->serial)) {
        fleet_promote(t, i->serial);
        if (t->node.seen_ms < now_wall_ms)
            t->node.seen_ms = now_wall_ms;
        if (address)
            fleet_clean(t->node.address, sizeof t->node.address, address);
        if (agent_version)
            fleet_clean(t->node.agent_version, sizeof t->node.agent_version, agent_version);
    }
    pthread_rwlock_unlock(&f->lock);
}
