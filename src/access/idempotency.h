/* Idempotency-Key: a request that is sent twice is carried out once and answered twice.
 *
 * After draft-ietf-httpapi-idempotency-key-header. Keys belong to whoever sends them (`actor`: a
 * user id) and are kept for LIMIT_IDEMPOTENCY_HOURS. The caller hashes the request (method, path,
 * body) and does:
 *
 *     idempotency_lookup()            1: send what it returned; -EEXIST: 422; 0: go on
 *     db_begin(), the change, idempotency_remember(), db_commit()
 *     -EEXIST from remember           another request with the key was faster: roll back, look up
 *
 * so that the change and its answer are one. Blocking: worker threads. */
#pragma once

#include "store/store.h"

enum {
    LIMIT_IDEMPOTENCY_HOURS = 24,
    LIMIT_IDEMPOTENCY_KEY = 255,
    LIMIT_IDEMPOTENCY_RESPONSE = 64 * 1024,
};

/* 0, or -EINVAL: 1 to 255 visible ASCII characters. */
int idempotency_key_check(const char *key, struct err *e) MUST_CHECK;

enum { IDEMPOTENCY_HASH_SIZE = 65 };
/* What makes two requests the same: SHA-256, in hex. */
void idempotency_hash(const char *method, const char *path, const void *body, size_t len,
                      char ret_hash[IDEMPOTENCY_HASH_SIZE]);

struct idempotency_answer {
    int status;
    struct str response; /* str_done() */
};

/* 1 and the answer of the first one; 0 not seen in the last 24 hours; -EEXIST the key was used for
 * another request. */
int idempotency_lookup(struct db *db, const char *actor, const char *key, const char *request_hash,
                       int64_t now_wall_ms, struct err *e,
                       struct idempotency_answer *ret_answer) MUST_CHECK;
/* Inside the caller's transaction. -EEXIST: the key is taken (roll back); -E2BIG. */
int idempotency_remember(struct db *db, const char *actor, const char *key,
                         const char *request_hash, int status, const char *response,
                         int64_t now_wall_ms, struct err *e) MUST_CHECK;
/* Inside a transaction: forgets what is older. access_refresh() calls it now and then. */
int idempotency_tidy(struct db *db, int64_t now_wall_ms, struct err *e) MUST_CHECK;
