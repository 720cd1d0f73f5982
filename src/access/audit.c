#include "access/audit-private.h"

#include <sodium.h>
#include <stdio.h>

/* One more than the last entry, and its hash. */
struct tail {
    int64_t sequence; /* of the last entry; 0 = none yet */
    char hash[AUDIT_HASH_SIZE];
};

static void add_field(crypto_hash_sha256_state *h, const char *text)
{
    char length[24];
    int n = snprintf(length, sizeof length, "%zu:", strlen(text));
    crypto_hash_sha256_update(h, (const unsigned char *)length, (size_t)n);
    crypto_hash_sha256_update(h, (const unsigned char *)text, strlen(text));
    crypto_hash_sha256_update(h, (const unsigned char *)"\n", 1);
}

static void add_number(crypto_hash_sha256_state *h, int64_t v)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)v);
    add_field(h, text);
}

void audit_hash(const struct audit_entry *entry, const char *previous,
                char ret_hash[AUDIT_HASH_SIZE])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state h;
    crypto_hash_sha256_init(&h);
    add_field(&h, previous);
    add_number(&h, entry->sequence);
    add_number(&h, entry->time_ms);
    add_field(&h, entry->actor);
    add_field(&h, entry->via);
    add_field(&h, entry->address);
    add_field(&h, entry->action);
    add_field(&h, entry->target);
    add_field(&h, entry->outcome);
    add_field(&h, entry->detail);
    crypto_hash_sha256_final(&h, digest);
    str_hex(digest, sizeof digest, ret_hash);
}

/* Writing the head's row locks it until the transaction ends, also when it is new. SQLite has the
 * write lock already. */
static int lock_chain(struct db *db, int64_t now, struct err *e)
{
    return db_exec(db, e,
                   "INSERT INTO settings (key, value, changed_ms) VALUES ('audit_head', '', $1) "
                   "ON CONFLICT (key) DO UPDATE SET changed_ms = excluded.changed_ms",
                   "i", now);
}

/* "SEQUENCE HASH" */
static int parse_head(const char *text, int64_t *ret_sequence, char ret_hash[AUDIT_HASH_SIZE])
{
    char number[24] = {0};
    const char *space = strchr(text, ' ');
    if (!space || (size_t)(space - text) >= sizeof number || strlen(space + 1) != 64)
        return -ENOENT;
    memcpy(number, text, (size_t)(space - text));
    if (str_to_i64(number, ret_sequence) < 0)
        return -ENOENT;
    str_copy(ret_hash, AUDIT_HASH_SIZE, space + 1);
    return 0;
}

int audit_head(struct db *db, struct err *e, int64_t *ret_sequence, char ret_hash[AUDIT_HASH_SIZE])
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e, "SELECT value FROM settings WHERE key = 'audit_head'", &rows, "");
    return r < 0 ? r : parse_head(rows_text(rows, 0), ret_sequence, ret_hash);
}

static int last_row(struct db *db, struct err *e, struct tail *ret_tail)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(
        db, e, "SELECT sequence, hash FROM audit_log ORDER BY sequence DESC LIMIT 1", &rows, "");
    if (r < 0)
        return r;
    ret_tail->sequence = rows_int(rows, 0);
    str_copy(ret_tail->hash, sizeof ret_tail->hash, rows_text(rows, 1));
    return 0;
}

/* Where to go on. Rows that somebody took off the end leave a gap that audit_verify() finds: the
 * head says how far the log was. */
static int find_tail(struct db *db, struct err *e, struct tail *ret_tail)
{
    struct tail row = {.hash = AUDIT_NO_HASH}, head = {0};
    int r = last_row(db, e, &row);
    if (r < 0 && r != -ENOENT)
        return r;
    r = audit_head(db, e, &head.sequence, head.hash);
    if (r < 0 && r != -ENOENT)
        return r;
    *ret_tail = r == 0 && head.sequence > row.sequence ? head : row;
    return 0;
}

static int insert(struct db *db, const struct audit_entry *x, const char *previous,
                  const char *hash, struct err *e)
{
    char head[24 + AUDIT_HASH_SIZE];
    int r =
        db_exec(db, e,
                "INSERT INTO audit_log (sequence, time_ms, actor, via, address, action, target, "
                "outcome, detail, previous_hash, hash) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                "iisssssssss", x->sequence, x->time_ms, x->actor, x->via, x->address, x->action,
                x->target, x->outcome, x->detail, previous, hash);
    if (r < 0)
        return r;
    snprintf(head, sizeof head, "%lld %s", (long long)x->sequence, hash);
    return db_exec(db, e, "UPDATE settings SET value = $1 WHERE key = 'audit_head'", "s", head);
}

/* A field as it is stored: never NULL, never longer than LIMIT_AUDIT_FIELD, always text. */
static char *tidy_field(const char *text)
{
    size_t n = strnlen(text ? text : "", LIMIT_AUDIT_FIELD);
    while (n && text[n] && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--; /* not in the middle of a character */
    if (n && !str_is_utf8(text, n))
        return mem_strdup("(not text)");
    return mem_strndup(text ? text : "", n);
}

static const char *tidy_detail(const char *detail)
{
    if (!detail || strlen(detail) <= LIMIT_AUDIT_DETAIL)
        return detail ? detail : "";
    return "{\"left_out\":\"too long\"}";
}

static int append_tidy(struct db *db, struct audit_entry *entry, struct err *e)
{
    char hash[AUDIT_HASH_SIZE];
    struct tail tail;
    int r = lock_chain(db, entry->time_ms, e);
    if (r >= 0)
        r = find_tail(db, e, &tail);
    if (r < 0)
        return r;
    entry->sequence = tail.sequence + 1;
    audit_hash(entry, tail.hash, hash);
    r = insert(db, entry, tail.hash, hash, e);
    return r < 0 ? r : 0;
}

int audit_append(struct db *db, const struct audit_entry *entry, struct err *e)
{
    struct audit_entry copy = *entry;
    const char **fields[] = {&copy.actor,  &copy.via,    &copy.address,
                             &copy.action, &copy.target, &copy.outcome};
    char *owned[COUNT_OF(fields)];
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        *fields[i] = owned[i] = tidy_field(*fields[i]);
    copy.detail = tidy_detail(entry->detail);
    int r = append_tidy(db, &copy, e);
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        mem_free(owned[i]);
    return r;
}
