/* Answers that are made small for the way, where the peer takes gzip.
 *
 * Not for answers with a secret in them: what an attacker can put beside a secret tells it by the
 * length of the packed whole. No brotli here: browsers offer it over TLS alone, which a proxy
 * speaks for us, and at the speed that an answer made anew allows it gains little over gzip. */
#pragma once

#include "base/buf.h"
#include "http/http.h"

/* The packed form of the shared answer that was packed last. Zero-initialise; on the loop. */
struct pack_cache {
    struct buf *plain, *packed;
};
void pack_cache_done(struct pack_cache *c);

/* Packs `body` into `ret_packed` (empty before). False where that gains nothing. */
bool pack_gzip(const struct str *body, struct str *ret_packed);

/* http_reply_str() that packs. */
void pack_reply(struct http_exchange *x, int status, const char *type, struct str *body);

/* http_reply_buf() that packs: once per buffer where there is a cache for it, else (NULL) each
 * time. Takes `body`. */
void pack_reply_buf(struct http_exchange *x, int status, const char *type, struct buf *body,
                    struct pack_cache *cache);
