/* Answers made anew for every request, made small for the way. */
#pragma once

#include "base/str.h"
#include "http/http.h"

/* Packs `body` with gzip into `ret_packed` (empty before). False where that gains nothing. */
bool pack_gzip(const struct str *body, struct str *ret_packed);

/* http_reply_str() that packs where the peer takes gzip. For pages without secrets only: what an
 * attacker can put beside a secret tells it by the length of the packed whole. */
void pack_reply(struct http_exchange *x, int status, const char *type, struct str *body);
