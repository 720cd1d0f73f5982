#include "api/idempotent.h"

#include "access/idempotency.h"
#include "api/gate.h"
#include "api/problem.h"
#include "base/clock.h"

static const char *key_of(struct http_exchange *x, char hash[IDEMPOTENCY_HASH_SIZE])
{
    const char *key = http_header(x, "Idempotency-Key");
    size_t len;
    const char *body = http_body(x, &len);
    if (key)
        idempotency_hash(http_method(x), http_path(x), body, len, hash);
    return key;
}

bool idempotent_begin(struct http_exchange *x, struct db *db)
{
    char hash[IDEMPOTENCY_HASH_SIZE];
    const char *key = key_of(x, hash);
    if (!key)
        return true;
    struct err e = {0};
    struct idempotency_answer answer = {0};
    int r = idempotency_key_check(key, &e);
    if (r >= 0)
        r = idempotency_lookup(db, subject_of(x)->user_id, key, hash, clock_wall_ms(), &e, &answer);
    if (r == 0)
        return true;
    if (r > 0) {
        http_add_header(x, "Idempotency-Replayed", "true");
        http_reply_str(x, answer.status, "application/json", &answer.response);
    } else {
        problem_reply_err(x, r, &e);
    }
    return false;
}

int idempotent_keep(struct http_exchange *x, struct db *db, int status, const char *answer,
                    struct err *e)
{
    char hash[IDEMPOTENCY_HASH_SIZE];
    const char *key = key_of(x, hash);
    if (!key)
        return 0;
    return idempotency_remember(db, subject_of(x)->user_id, key, hash, status, answer,
                                clock_wall_ms(), e);
}
