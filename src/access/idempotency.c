#include "access/idempotency.h"

#include <sodium.h>

enum { KEPT_MS = LIMIT_IDEMPOTENCY_HOURS * 3600 * 1000 };

int idempotency_key_check(const char *key, struct err *e)
{
    size_t n = strlen(key);
    bool visible = true;
    for (size_t i = 0; i < n && visible; i++)
        visible = key[i] > ' ' && key[i] < 127;
    if (!n || n > LIMIT_IDEMPOTENCY_KEY || !visible)
        return err_set(e, -EINVAL,
                       "An Idempotency-Key has 1 to %d visible ASCII characters, for example a "
                       "UUID.",
                       LIMIT_IDEMPOTENCY_KEY);
    return 0;
}

void idempotency_hash(const char *method, const char *path, const void *body, size_t len,
                      char ret_hash[IDEMPOTENCY_HASH_SIZE])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state h;
    crypto_hash_sha256_init(&h);
    crypto_hash_sha256_update(&h, (const unsigned char *)method, strlen(method) + 1);
    crypto_hash_sha256_update(&h, (const unsigned char *)path, strlen(path) + 1);
    crypto_hash_sha256_update(&h, body, len);
    crypto_hash_sha256_final(&h, digest);
    str_hex(digest, sizeof digest, ret_hash);
}

int idempotency_lookup(struct db *db, const char *actor, const char *key, const char *request_hash,
                       int64_t now_wall_ms, struct err *e, struct idempotency_answer *ret_answer)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e,
                         "SELECT request_hash, status, response FROM idempotency_keys "
                         "WHERE actor = $1 AND key = $2 AND created_ms > $3",
                         &rows, "ssi", actor, key, now_wall_ms - KEPT_MS);
    if (r == -ENOENT)
        return 0;
    if (r < 0)
        return r;
    if (!str_eq(rows_text(rows, 0), request_hash))
        return err_set(e, -EEXIST,
                       "This Idempotency-Key was used for another request. Use a new key for each "
                       "request.");
    *ret_answer = (struct idempotency_answer){.status = (int)rows_int(rows, 1)};
    str_add(&ret_answer->response, rows_text(rows, 2));
    return 1;
}

/* A key that is too old to be looked up makes room for the new one. */
static int drop_old(struct db *db, const char *actor, const char *key, int64_t now, struct err *e)
{
    return db_exec(db, e,
                   "DELETE FROM idempotency_keys WHERE actor = $1 AND key = $2 AND "
                   "created_ms <= $3",
                   "ssi", actor, key, now - KEPT_MS);
}

int idempotency_remember(struct db *db, const char *actor, const char *key,
                         const char *request_hash, int status, const char *response,
                         int64_t now_wall_ms, struct err *e)
{
    if (strlen(response) > LIMIT_IDEMPOTENCY_RESPONSE)
        return err_set(e, -E2BIG, "The answer is too long to be kept for an Idempotency-Key.");
    int r = drop_old(db, actor, key, now_wall_ms, e);
    if (r >= 0)
        r = db_exec(db, e,
                    "INSERT INTO idempotency_keys (actor, key, request_hash, status, response, "
                    "created_ms) VALUES ($1, $2, $3, $4, $5, $6)",
                    "sssisi", actor, key, request_hash, (int64_t)status, response, now_wall_ms);
    if (r == -EEXIST)
        return err_set(e, r, "A request with this Idempotency-Key is being answered already.");
    return r < 0 ? r : 0;
}

int idempotency_tidy(struct db *db, int64_t now_wall_ms, struct err *e)
{
    int r = db_exec(db, e, "DELETE FROM idempotency_keys WHERE created_ms <= $1", "i",
                    now_wall_ms - KEPT_MS);
    return r < 0 ? r : 0;
}
