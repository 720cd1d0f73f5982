/* The keys of authority and hub: made once, sealed in `settings`. */
#include "access/fleet-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "rpc/tls.h"

#define HUB_NAME "Hydra"

enum sealed_key { KEY_AUTHORITY, KEY_HUB_CERTIFICATE, KEY_HUB, KEY_COUNT };

#define NEXT_CERTIFICATE "agents_certificate_next"
#define NEXT_KEY "agents_key_next"

static const char *const names[KEY_COUNT] = {
    [KEY_AUTHORITY] = "agents_authority",
    [KEY_HUB_CERTIFICATE] = "agents_certificate",
    [KEY_HUB] = "agents_key",
};

struct key_texts {
    struct str v[KEY_COUNT];
};

static void texts_done(struct key_texts *t)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        seal_wipe(&t->v[i]);
}

void fleet_keys_done(struct fleet_keys *k)
{
    authority_free(k->authority);
    str_done(&k->certificate);
    seal_wipe(&k->key);
    rotation_done(&k->rotation);
    *k = (struct fleet_keys){0};
}

/* 1 with the sealed texts, 0 when there are none. */
static int read_sealed(struct db *db, struct err *e, struct key_texts *ret_sealed)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        AUTO(rows_freep) struct rows *rows = NULL;
        int r =
            db_query_one(db, e, "SELECT value FROM settings WHERE key = $1", &rows, "s", names[i]);
        if (r < 0)
            return r == -ENOENT ? 0 : r;
        str_add(&ret_sealed->v[i], rows_text(rows, 0));
    }
    return 1;
}

static int write_one(struct db *db, const struct seal *s, const char *name, const char *plain,
                     struct err *e)
{
    AUTO(str_done) struct str sealed = {0};
    seal_text(s, name, plain, &sealed);
    int r = db_exec(db, e,
                    "INSERT INTO settings (key, value, changed_ms) VALUES ($1, $2, $3) ON CONFLICT "
                    "(key) DO UPDATE SET value = excluded.value, changed_ms = excluded.changed_ms",
                    "ssi", name, str_text(&sealed), clock_wall_ms());
    return r < 0 ? r : 0;
}

static int write_sealed(struct db *db, const struct seal *s, const struct key_texts *plain,
                        struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < KEY_COUNT && r >= 0; i++)
        r = write_one(db, s, names[i], str_text(&plain->v[i]), e);
    return r;
}

/* --- the next key --- */

static int read_one(struct db *db, const struct seal *s, const char *name, struct err *e,
                    struct str *ret_plain)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e, "SELECT value FROM settings WHERE key = $1", &rows, "s", name);
    if (r >= 0 && seal_read(s, name, rows_text(rows, 0), ret_plain) < 0)
        r = err_set(e, -EBADMSG, "The next key for agents in the database is broken.");
    return r < 0 ? r : 0;
}

static int pin_of(const struct str *certificate, struct err *e,
                  unsigned char ret_pin[FLEET_PIN_SIZE])
{
    return tls_pin_pem(str_text(certificate), ret_pin) < 0
               ? err_set(e, -EBADMSG, "The certificate for agents in the database is broken.")
               : 0;
}

int fleet_keys_make_next(struct db *db, const char *folder, struct err *e,
                         unsigned char ret_pin[FLEET_PIN_SIZE])
{
    AUTO(seal_freep) struct seal *s = NULL;
    struct str certificate = {0}, key = {0};
    int r = seal_open(folder, e, &s);
    if (r >= 0)
        r = authority_make_hub(HUB_NAME, clock_wall_ms(), e, &certificate, &key);
    if (r >= 0)
        r = pin_of(&certificate, e, ret_pin);
    if (r >= 0)
        r = write_one(db, s, NEXT_CERTIFICATE, str_text(&certificate), e);
    if (r >= 0)
        r = write_one(db, s, NEXT_KEY, str_text(&key), e);
    str_done(&certificate);
    seal_wipe(&key);
    return r;
}

static int forget_next(struct db *db, struct err *e)
{
    int r = db_exec(
        db, e, "DELETE FROM settings WHERE key IN ('" NEXT_CERTIFICATE "', '" NEXT_KEY "')", "");
    return r < 0 ? r : 0;
}

int fleet_keys_use_next(struct db *db, const char *folder, struct err *e,
                        unsigned char ret_pin[FLEET_PIN_SIZE])
{
    AUTO(seal_freep) struct seal *s = NULL;
    struct str certificate = {0}, key = {0};
    int r = seal_open(folder, e, &s);
    if (r >= 0)
        r = read_one(db, s, NEXT_CERTIFICATE, e, &certificate);
    if (r >= 0)
        r = read_one(db, s, NEXT_KEY, e, &key);
    if (r >= 0)
        r = pin_of(&certificate, e, ret_pin);
    if (r >= 0)
        r = write_one(db, s, names[KEY_HUB_CERTIFICATE], str_text(&certificate), e);
    if (r >= 0)
        r = write_one(db, s, names[KEY_HUB], str_text(&key), e);
    if (r >= 0)
        r = forget_next(db, e);
    str_done(&certificate);
    seal_wipe(&key);
    return r;
}

int fleet_keys_forget(struct db *db, struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < KEY_COUNT && r >= 0; i++)
        r = db_exec(db, e, "DELETE FROM settings WHERE key = $1", "s", names[i]);
    if (r >= 0)
        r = forget_next(db, e);
    return r < 0 ? r : rotation_forget(db, e);
}

/* What is under way beside the present keys. */
static int load_rotation(struct db *db, const struct seal *s, struct err *e, struct fleet_keys *k)
{
    struct str certificate = {0};
    int r = rotation_read(db, e, &k->rotation);
    if (r <= 0)
        return r;
    r = read_one(db, s, NEXT_CERTIFICATE, e, &certificate);
    if (r >= 0)
        r = pin_of(&certificate, e, k->next_pin);
    str_done(&certificate);
    return r;
}

/* --- from text to keys --- */

static int use(const struct key_texts *plain, struct err *e, struct fleet_keys *ret_k)
{
    struct fleet_keys k = {0};
    int r = authority_open(str_text(&plain->v[KEY_AUTHORITY]), e, &k.authority);
    if (r >= 0 && tls_pin_pem(str_text(&plain->v[KEY_HUB_CERTIFICATE]), k.pin) < 0)
        r = err_set(e, -EBADMSG, "The certificate for agents in the database is broken.");
    if (r < 0) {
        fleet_keys_done(&k);
        return r;
    }
    str_add(&k.certificate, str_text(&plain->v[KEY_HUB_CERTIFICATE]));
    str_add(&k.key, str_text(&plain->v[KEY_HUB]));
    *ret_k = k;
    return 0;
}

static int unseal(const struct seal *s, const struct key_texts *sealed, struct err *e,
                  struct fleet_keys *ret_k)
{
    struct key_texts plain = {0};
    int r = 0;
    for (size_t i = 0; i < KEY_COUNT && r >= 0; i++)
        r = seal_read(s, names[i], str_text(&sealed->v[i]), &plain.v[i]);
    if (r >= 0)
        r = use(&plain, e, ret_k);
    texts_done(&plain);
    return r;
}

static int generate(struct err *e, struct key_texts *ret_plain)
{
    struct authority *a = NULL;
    int r = authority_new(e, &a);
    if (r < 0)
        return r;
    authority_key(a, &ret_plain->v[KEY_AUTHORITY]);
    authority_free(a);
    return authority_make_hub(HUB_NAME, clock_wall_ms(), e, &ret_plain->v[KEY_HUB_CERTIFICATE],
                              &ret_plain->v[KEY_HUB]);
}

/* --- making them --- */

/* Inside a transaction. A token that waits carries the pin of the key that is gone. */
static int make_inside(struct db *db, const struct seal *s, struct err *e, struct fleet_keys *ret_k)
{
    struct key_texts plain = {0};
    int r = generate(e, &plain);
    if (r >= 0)
        r = db_exec(db, e, "DELETE FROM enrolments WHERE used_ms = 0", "");
    if (r >= 0)
        r = write_sealed(db, s, &plain, e);
    if (r >= 0)
        r = use(&plain, e, ret_k);
    texts_done(&plain);
    return r;
}

static int lost(struct err *e, const char *folder, int64_t nodes, int why)
{
    return err_set(
        e, -ENOKEY,
        "%s/" SEAL_FILE " %s, and without it the keys of Hydra for its %lld node%s can't be "
        "opened. Put the file back from a backup of the data folder. If it is lost, `hydrad node "
        "reset` forgets the nodes, and each has to be added again.",
        folder, why == -ENOENT ? "is missing" : "is not the key of this database", (long long)nodes,
        nodes == 1 ? "" : "s");
}

/* Where others were faster their keys count. `why` they can't be opened; 0 = there were none. */
static int make(struct db *db, const char *folder, int why, bool may_replace, struct err *e,
                struct fleet_keys *ret_k)
{
    AUTO(seal_freep) struct seal *s = NULL;
    struct key_texts sealed = {0};
    int64_t nodes = 0;
    int r = fleet_count(db, "SELECT count(*) FROM nodes", &nodes, e);
    if (r >= 0 && why && (nodes || !may_replace))
        return lost(e, folder, nodes, why);
    if (r >= 0)
        r = seal_make(folder, e, &s);
    if (r >= 0)
        r = fleet_begin(db, clock_wall_ms(), e);
    if (r < 0)
        return r;
    int found = r = read_sealed(db, e, &sealed);
    if (r > 0)
        r = unseal(s, &sealed, e, ret_k);
    if (found == 0 || (r == -EBADMSG && may_replace && !nodes))
        r = make_inside(db, s, e, ret_k);
    texts_done(&sealed);
    r = change_commit(db, r, e);
    if (r >= 0 && why)
        log_warn("access", "keys for agents made anew", "reason=%s",
                 LOG_Q("those in the database could not be opened, and no node depended on them"));
    return r == -EBADMSG ? lost(e, folder, nodes, r) : r;
}

int fleet_keys_load(struct db *db, const char *folder, bool may_replace, struct err *e,
                    struct fleet_keys *ret_k)
{
    AUTO(seal_freep) struct seal *s = NULL;
    struct key_texts sealed = {0};
    int found = read_sealed(db, e, &sealed), r = found;
    if (found > 0)
        r = seal_open(folder, e, &s);
    if (found > 0 && r >= 0)
        r = unseal(s, &sealed, e, ret_k);
    texts_done(&sealed);
    if (found > 0 && r >= 0) {
        r = load_rotation(db, s, e, ret_k);
        if (r < 0)
            fleet_keys_done(ret_k);
        return r < 0 ? r : 0;
    }
    if (found == 0 || (found > 0 && (r == -ENOENT || r == -EBADMSG)))
        r = make(db, folder, found ? r : 0, may_replace, e, ret_k);
    return r < 0 ? r : 0;
}
