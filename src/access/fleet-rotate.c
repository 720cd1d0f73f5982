/* The hub's key is changed without enrolling anybody anew: first agents are told the next key
 * beside the present one, then the next one is shown, and the one before it is gone.
 *
 * `settings` has the next key, sealed like the present one, and "agents_rotation": "BEGUN UNTIL",
 * then a line for each node that knows both. */
#include "access/fleet-private.h"

#include "base/json.h"
#include "base/log.h"
#include "base/vec.h"

#include <stdio.h>

#define ROTATION_KEY "agents_rotation"

/* --- the row --- */

void rotation_done(struct rotation *t)
{
    str_list_done(&t->told);
    *t = (struct rotation){0};
}

static void rotation_print(const struct rotation *t, struct str *out)
{
    str_addf(out, "%lld %lld", (long long)t->begun_ms, (long long)t->until_ms);
    for (size_t i = 0; i < t->told.n; i++)
        str_addf(out, "\n%s", t->told.v[i]);
}

static int rotation_parse(const char *text, struct rotation *ret_t)
{
    struct rotation t = {0};
    struct str_list lines = {0};
    long long begun, until;
    str_list_split(&lines, text, '\n');
    bool good =
        lines.n && sscanf(lines.v[0], "%lld %lld", &begun, &until) == 2; /* NOLINT(cert-err34-c) */
    if (good) {
        t.begun_ms = begun;
        t.until_ms = until;
        for (size_t i = 1; i < lines.n; i++)
            str_list_add(&t.told, lines.v[i]);
        *ret_t = t;
    }
    str_list_done(&lines);
    return good ? 0 : -EBADMSG;
}

int rotation_read(struct db *db, struct err *e, struct rotation *ret_t)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r =
        db_query_one(db, e, "SELECT value FROM settings WHERE key = '" ROTATION_KEY "'", &rows, "");
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    if (rotation_parse(rows_text(rows, 0), ret_t) < 0)
        return err_set(e, -EBADMSG, "What the database says of the change of keys is broken.");
    return 1;
}

static int rotation_write(struct db *db, const struct rotation *t, struct err *e)
{
    AUTO(str_done) struct str text = {0};
    rotation_print(t, &text);
    int r = db_exec(
        db, e, "INSERT INTO settings (key, value, changed_ms) VALUES ('" ROTATION_KEY "', $1, $2)",
        "si", str_text(&text), t->begun_ms);
    return r < 0 ? r : 0;
}

/* Nothing where it is over by now. */
static int rotation_update(struct db *db, const struct rotation *t, int64_t now, struct err *e)
{
    AUTO(str_done) struct str text = {0};
    rotation_print(t, &text);
    int r = db_exec(
        db, e, "UPDATE settings SET value = $1, changed_ms = $2 WHERE key = '" ROTATION_KEY "'",
        "si", str_text(&text), now);
    return r < 0 ? r : 0;
}

int rotation_forget(struct db *db, struct err *e)
{
    int r = db_exec(db, e, "DELETE FROM settings WHERE key = '" ROTATION_KEY "'", "");
    return r < 0 ? r : 0;
}

/* --- it begins --- */

static int record(struct db *db, const struct actor *by, const char *action, const char *field,
                  const unsigned char pin[FLEET_PIN_SIZE], const struct str_list *without,
                  struct err *e)
{
    AUTO(str_done) struct str detail = {0};
    char hex[2 * FLEET_PIN_SIZE + 1];
    struct jw w = jw_begin(&detail);
    str_hex(pin, FLEET_PIN_SIZE, hex);
    jw_object(&w);
    jw_key_str(&w, field, hex);
    if (without && without->n)
        jw_key_strs(&w, "nodes_without", without);
    jw_end_object(&w);
    return change_record(db, by, action, "", str_text(&detail), e);
}

static int begin_inside(const struct fleet *f, struct db *db, const struct actor *by,
                        int64_t within_ms, struct err *e)
{
    struct rotation there = {0}, t = {by->now_ms, by->now_ms + within_ms, {0}};
    unsigned char pin[FLEET_PIN_SIZE];
    int r = rotation_read(db, e, &there);
    rotation_done(&there);
    if (r > 0)
        return err_set(e, -EEXIST,
                       "A change of keys is under way: `hydrad keys list` tells of it.");
    if (r >= 0)
        r = fleet_keys_make_next(db, f->folder, e, pin);
    if (r >= 0)
        r = rotation_write(db, &t, e);
    return r < 0 ? r : record(db, by, "keys.rotate", "next", pin, NULL, e);
}

int fleet_rotate(struct fleet *f, struct db *db, const struct actor *by, int64_t within_ms,
                 struct err *e)
{
    if (within_ms < FLEET_ROTATION_MIN_MS || within_ms > LIMIT_FLEET_ROTATION_MS)
        return err_field(e, err_set(e, -EINVAL, "A change of keys takes 1 minute to 30 days."),
                         "within");
    int r = fleet_begin(db, by->now_ms, e);
    return r < 0 ? r : fleet_end(f, db, begin_inside(f, db, by, within_ms, e), e);
}

/* --- who knows both --- */

void fleet_told_keys(struct fleet *f, const char *node)
{
    pthread_rwlock_wrlock(&f->lock);
    struct rotation *t = &f->keys.rotation;
    if (t->begun_ms && !str_list_has(&t->told, node)) {
        str_list_add(&t->told, node);
        f->told_more = true;
    }
    pthread_rwlock_unlock(&f->lock);
}

/* Under the lock. */
static void find_missing(const struct fleet *f, struct str_list *ret_nodes)
{
    for (size_t i = 0; i < f->image->n_entries; i++)
        if (!str_list_has(&f->keys.rotation.told, f->image->entries[i].node.id))
            str_list_add(ret_nodes, f->image->entries[i].node.id);
}

static bool anybody_waits(const struct fleet_image *i, int64_t now)
{
    for (size_t n = 0; n < i->n_enrolments; n++)
        if (enrolment_state_at(&i->enrolments[n], now) == ENROLMENT_WAITING)
            return true;
    return false;
}

void fleet_rotation(struct fleet *f, struct fleet_rotation *ret)
{
    *ret = (struct fleet_rotation){0};
    pthread_rwlock_rdlock(&f->lock);
    const struct fleet_keys *k = &f->keys;
    str_hex(k->pin, FLEET_PIN_SIZE, ret->present);
    ret->under_way = k->rotation.begun_ms != 0;
    if (ret->under_way) {
        str_hex(k->next_pin, FLEET_PIN_SIZE, ret->next);
        ret->begun_ms = k->rotation.begun_ms;
        ret->until_ms = k->rotation.until_ms;
        ret->nodes = f->image->n_entries;
        find_missing(f, &ret->missing);
    }
    pthread_rwlock_unlock(&f->lock);
}

void fleet_rotation_done(struct fleet_rotation *r)
{
    str_list_done(&r->missing);
}

/* --- the next one becomes the present one --- */

/* Tokens that still wait name the key that goes. */
static int finish_inside(const struct fleet *f, struct db *db, const struct str_list *without,
                         int64_t now, struct err *e)
{
    struct actor by = {"hydrad", "local", "", now};
    struct rotation there = {0};
    unsigned char pin[FLEET_PIN_SIZE];
    int r = rotation_read(db, e, &there);
    rotation_done(&there);
    if (r <= 0)
        return r; /* another hydrad was faster */
    r = fleet_keys_use_next(db, f->folder, e, pin);
    if (r >= 0)
        r = db_exec(db, e, "DELETE FROM enrolments WHERE used_ms = 0", "");
    if (r >= 0)
        r = rotation_forget(db, e);
    return r < 0 ? r : record(db, &by, "keys.retire", "present", pin, without, e);
}

static int finish(struct fleet *f, struct db *db, const struct str_list *without, int64_t now,
                  struct err *e)
{
    int r = fleet_begin(db, now, e);
    if (r >= 0)
        r = change_commit(db, finish_inside(f, db, without, now, e), e);
    if (r >= 0)
        log_info("access", "the hub has a new key, the one before it is retired",
                 "nodes_without=%zu", without->n);
    return r;
}

static int keep_told(struct fleet *f, struct db *db, int64_t now, struct err *e)
{
    struct rotation copy = {0};
    pthread_rwlock_wrlock(&f->lock);
    copy.begun_ms = f->keys.rotation.begun_ms;
    copy.until_ms = f->keys.rotation.until_ms;
    str_list_copy(&copy.told, &f->keys.rotation.told);
    f->told_more = false;
    pthread_rwlock_unlock(&f->lock);
    int r = copy.begun_ms ? rotation_update(db, &copy, now, e) : 0;
    rotation_done(&copy);
    return r;
}

int fleet_rotation_tick(struct fleet *f, struct db *db, int64_t now_ms, struct err *e)
{
    struct str_list missing = {0};
    pthread_rwlock_rdlock(&f->lock);
    const struct rotation *t = &f->keys.rotation;
    bool under_way = t->begun_ms != 0, more = f->told_more, late = now_ms >= t->until_ms;
    bool wait = under_way && anybody_waits(f->image, now_ms);
    if (under_way)
        find_missing(f, &missing);
    pthread_rwlock_unlock(&f->lock);
    int r = 0;
    if (under_way && (late || (!missing.n && !wait)))
        r = finish(f, db, &missing, now_ms, e);
    else if (under_way && more)
        r = keep_told(f, db, now_ms, e);
    str_list_done(&missing);
    return r;
}
