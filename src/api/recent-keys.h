/* Idempotency keys of published events, in memory like the event log itself: the same key and body
 * publish once.
 *
 * The newest LIMIT_RECENT_KEYS are known for LIMIT_RECENT_KEY_MS. On the loop. */
#pragma once

#include "stream/event-log.h"

enum { LIMIT_RECENT_KEYS = 8192, LIMIT_RECENT_KEY_MS = 86400000, LIMIT_IDEMPOTENCY_KEY = 128 };

struct recent_keys;
struct recent_keys *recent_keys_new(void);
void recent_keys_free(struct recent_keys *k);

/* 0 and the id that was given, -ENOENT when the key is new, -EEXIST when it stood for another body.
 */
int recent_keys_find(struct recent_keys *k, const char *actor, const char *key, const char *body,
                     size_t len, char ret_id[EVENT_ID_SIZE]) MUST_CHECK;
void recent_keys_add(struct recent_keys *k, const char *actor, const char *key, const char *body,
                     size_t len, const char *id);
