/* Idempotency-Key on writes: the same key and body give the same answer and do nothing twice. On a
 * worker. */
#pragma once

#include "http/http.h"
#include "store/store.h"

/* Looks the key up. True = go on (no key, or a new one); false = answered: the kept answer, or a
 * refusal. */
bool idempotent_begin(struct http_exchange *x, struct db *db);

/* Keeps the answer under the key, inside the transaction of the change. 0 also when there is no
 * key. -EEXIST: another request with that key was faster; roll back and begin again. */
int idempotent_keep(struct http_exchange *x, struct db *db, int status, const char *answer,
                    struct err *e) MUST_CHECK;
