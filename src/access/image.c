#include "access/access-private.h"

#include "base/vec.h"

#include <sodium.h>
#include <stdlib.h>

enum { DAY_MS = 24 * 3600 * 1000 };

/* Versions are read before and after; if they keep changing, the older one is remembered, so that
 * the next refresh reads again. */
enum { LOAD_TRIES = 3 };

int64_t credential_expires(const struct credential *c)
{
    if (c->kind != SUBJECT_SESSION)
        return c->expires_ms;
    int64_t idle = atomic_load(&c->used_ms) + (int64_t)LIMIT_SESSION_IDLE_DAYS * DAY_MS;
    int64_t whole = c->created_ms + (int64_t)LIMIT_SESSION_DAYS * DAY_MS;
    return idle < whole ? idle : whole;
}

uint64_t credential_permissions(const struct credential *c)
{
    uint64_t role = policy_limited(role_permissions(c->user->role), c->user->limits);
    return c->user->disabled ? 0 : c->scopes & role;
}

void credential_prepare(struct credential *c)
{
    struct subject *s = &c->subject;
    *s = (struct subject){
        .kind = c->kind, .role = c->user->role, .permissions = credential_permissions(c)};
    str_copy(s->id, sizeof s->id, c->id);
    str_copy(s->user_id, sizeof s->user_id, c->user->id);
    str_copy(s->user_name, sizeof s->user_name, c->user->name);
    str_copy(s->limits, sizeof s->limits, c->user->limits);
}

void credential_subject(const struct credential *c, struct subject *ret_subject)
{
    *ret_subject = c->subject;
    ret_subject->expires_wall_ms = credential_expires(c);
    ret_subject->used_wall_ms = atomic_load(&c->used_ms);
}

void user_from_row(const struct rows *r, struct user *u)
{
    *u = (struct user){0};
    str_copy(u->id, sizeof u->id, rows_text(r, 0));
    str_copy(u->name, sizeof u->name, rows_text(r, 1));
    str_copy(u->display_name, sizeof u->display_name, rows_text(r, 2));
    /* A role this program does not know gets the least there is. */
    if (role_parse(rows_text(r, 3), &u->role) < 0)
        u->role = ROLE_VIEWER;
    u->disabled = rows_int(r, 4) != 0;
    u->created_ms = rows_int(r, 5);
    u->last_login_ms = rows_int(r, 6);
    str_copy(u->preferences, sizeof u->preferences, rows_text(r, 7));
    str_copy(u->limits, sizeof u->limits, rows_text(r, 8));
}

/* --- digests --- */

static void add_text(crypto_generichash_state *h, const char *text)
{
    crypto_generichash_update(h, (const unsigned char *)text, strlen(text) + 1);
}

static void add_number(crypto_generichash_state *h, int64_t n)
{
    crypto_generichash_update(h, (const unsigned char *)&n, sizeof n);
}

static void digest_users(struct image *i, crypto_generichash_state *h)
{
    for (size_t n = 0; n < i->n_users; n++) {
        const struct user *u = &i->users[n];
        add_text(h, u->id);
        add_text(h, u->name);
        add_text(h, u->display_name);
        add_number(h, u->role);
        add_text(h, u->limits);
        add_number(h, u->disabled);
    }
}

static void digest_credentials(struct image *i, enum subject_kind kind, crypto_generichash_state *h)
{
    for (size_t n = 0; n < i->n_credentials; n++) {
        const struct credential *c = &i->credentials[n];
        if (c->kind != kind)
            continue;
        add_text(h, c->id);
        add_text(h, c->name ? c->name : "");
        add_number(h, (int64_t)c->scopes);
        add_number(h, c->expires_ms);
    }
}

static void make_digests(struct image *i)
{
    crypto_generichash_state h[IMAGE_PARTS];
    for (int part = 0; part < IMAGE_PARTS; part++)
        crypto_generichash_init(&h[part], NULL, 0, sizeof i->digest[part]);
    digest_users(i, &h[IMAGE_USERS]);
    digest_credentials(i, SUBJECT_SESSION, &h[IMAGE_SESSIONS]);
    digest_credentials(i, SUBJECT_TOKEN, &h[IMAGE_TOKENS]);
    for (int part = 0; part < IMAGE_PARTS; part++)
        crypto_generichash_final(&h[part], i->digest[part], sizeof i->digest[part]);
}

/* --- loading --- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct user *)a)->name, ((const struct user *)b)->name);
}

static int load_users(struct image *i, struct db *db, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query(db, e, "SELECT " USER_COLUMNS " FROM users", &rows, "");
    VEC(struct user) users = {0};
    while (r >= 0 && (r = rows_next(rows, e)) == 1)
        user_from_row(rows, vec_add(&users));
    i->users = users.v;
    i->n_users = users.n;
    if (r < 0)
        return r;
    if (users.n)
        qsort(users.v, users.n, sizeof *users.v, by_name);
    for (size_t n = 0; n < i->n_users; n++) {
        map_set(&i->users_by_id, i->users[n].id, &i->users[n]);
        map_set(&i->users_by_name, i->users[n].name, &i->users[n]);
    }
    return 0;
}

/* Scopes a newer program knew and this one does not are no rights here. */
static uint64_t parse_scopes(const char *text)
{
    struct str_list names = {0};
    uint64_t bits = 0, bit;
    str_list_split(&names, text, ',');
    for (size_t i = 0; i < names.n; i++)
        if (permissions_parse(names.v[i], &bit, NULL) == 0)
            bits |= bit;
    str_list_done(&names);
    return bits;
}

/* Columns: 0 id, 1 user_id, 2 secret_hash, 3 created_ms, 4 seen or used, then those of the kind. */
static void fill_credential(struct credential *c, const struct rows *r, enum subject_kind kind)
{
    c->kind = kind;
    str_copy(c->id, sizeof c->id, rows_text(r, 0));
    str_copy(c->secret_hash, sizeof c->secret_hash, rows_text(r, 2));
    c->created_ms = rows_int(r, 3);
    atomic_init(&c->used_ms, rows_int(r, 4));
    atomic_init(&c->written_ms, rows_int(r, 4));
    if (kind == SUBJECT_SESSION) {
        c->scopes = PERMISSIONS_ALL;
        c->address = mem_strdup(rows_text(r, 5));
        c->agent = mem_strdup(rows_text(r, 6));
    } else {
        c->name = mem_strdup(rows_text(r, 5));
        str_copy(c->prefix, sizeof c->prefix, rows_text(r, 6));
        c->scopes = parse_scopes(rows_text(r, 7));
        c->expires_ms = rows_int(r, 8);
    }
    credential_prepare(c);
}

static int load_credentials(struct image *i, struct db *db, enum subject_kind kind, struct err *e)
{
    static const char sessions[] =
        "SELECT id, user_id, secret_hash, created_ms, seen_ms, address, agent FROM sessions "
        "ORDER BY created_ms DESC, id DESC";
    static const char tokens[] =
        "SELECT id, user_id, secret_hash, created_ms, used_ms, name, prefix, scopes, expires_ms "
        "FROM api_tokens ORDER BY created_ms DESC, id DESC";
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query(db, e, kind == SUBJECT_SESSION ? sessions : tokens, &rows, "");
    VEC(struct credential) list = {.v = i->credentials, .n = i->n_credentials};
    list.cap = list.n;
    while (r >= 0 && (r = rows_next(rows, e)) == 1) {
        const struct user *user = map_get(&i->users_by_id, rows_text(rows, 1));
        if (!user)
            continue; /* came between the two queries: the version will differ */
        struct credential *c = vec_add(&list);
        c->user = user;
        fill_credential(c, rows, kind);
    }
    i->credentials = list.v;
    i->n_credentials = list.n;
    return r;
}

static void index_credentials(struct image *i)
{
    for (size_t n = 0; n < i->n_credentials; n++) {
        map_set(&i->by_secret, i->credentials[n].secret_hash, &i->credentials[n]);
        map_set(&i->by_id, i->credentials[n].id, &i->credentials[n]);
    }
}

static int load_once(struct db *db, struct err *e, struct image **ret_image)
{
    static atomic_ullong numbers;
    AUTO(image_freep) struct image *i = mem_alloc(sizeof *i);
    i->number = atomic_fetch_add(&numbers, 1) + 1;
    int r = version_read(db, ACCESS_VERSION, e, &i->version);
    if (r >= 0)
        r = load_users(i, db, e);
    if (r >= 0)
        r = load_credentials(i, db, SUBJECT_SESSION, e);
    if (r >= 0)
        r = load_credentials(i, db, SUBJECT_TOKEN, e);
    if (r < 0)
        return r;
    index_credentials(i);
    make_digests(i);
    *ret_image = TAKE(i);
    return 0;
}

int image_load(struct db *db, struct err *e, struct image **ret_image)
{
    AUTO(image_freep) struct image *i = NULL;
    int64_t version = -1;
    for (int n = 0; n < LOAD_TRIES && (!i || i->version != version); n++) {
        image_freep(&i);
        int r = load_once(db, e, &i);
        if (r >= 0)
            r = version_read(db, ACCESS_VERSION, e, &version);
        if (r < 0)
            return r;
    }
    *ret_image = TAKE(i);
    return 0;
}

void image_free(struct image *i)
{
    if (!i)
        return;
    map_done(&i->users_by_id, NULL);
    map_done(&i->users_by_name, NULL);
    map_done(&i->by_secret, NULL);
    map_done(&i->by_id, NULL);
    for (size_t n = 0; n < i->n_credentials; n++) {
        mem_free(i->credentials[n].address);
        mem_free(i->credentials[n].agent);
        mem_free(i->credentials[n].name);
    }
    mem_free(i->credentials);
    mem_free(i->users);
    mem_free(i);
}

/* --- from one image to the next --- */

void image_carry(struct image *i, const struct image *before)
{
    for (size_t n = 0; n < i->n_credentials; n++) {
        struct credential *c = &i->credentials[n];
        struct credential *old = map_get(&before->by_id, c->id);
        if (!old)
            continue;
        if (atomic_load(&old->used_ms) > atomic_load(&c->used_ms))
            atomic_store(&c->used_ms, atomic_load(&old->used_ms));
        atomic_store(&c->ended, atomic_load(&old->ended));
    }
}

static bool may_the_same(const struct credential *a, const struct credential *b)
{
    return credential_permissions(a) == credential_permissions(b) &&
           str_eq(a->user->limits, b->user->limits);
}

static void tell_revoked(const struct image *i, const struct image *before,
                         const struct access_hooks *hooks)
{
    for (size_t n = 0; n < before->n_credentials; n++) {
        const struct credential *old = &before->credentials[n];
        const struct credential *c = map_get(&i->by_id, old->id);
        if (!c || !may_the_same(c, old))
            hooks->revoked(hooks->arg, old->id);
    }
}

void image_tell(const struct image *i, const struct image *before, const struct access_hooks *hooks)
{
    static const char *const names[IMAGE_PARTS] = {"users", "sessions", "tokens"};
    if (!before)
        return;
    if (hooks->revoked)
        tell_revoked(i, before, hooks);
    for (int part = 0; hooks->changed && part < IMAGE_PARTS; part++)
        if (memcmp(i->digest[part], before->digest[part], sizeof i->digest[part]) != 0)
            hooks->changed(hooks->arg, names[part]);
}
