/* The header fields of a connection's last request, taken apart.
 *
 * A client says the same about itself with every request of a connection (what HPACK of HTTP/2
 * rests on too): then the request line alone is parsed. */
#pragma once

#include "http/head.h"

enum { LIMIT_HEAD_MEMO = 2048 }; /* bytes of header fields that are remembered */

struct head_memo;

/* How long the request line is when the fields of a head found by head_find() are those remembered,
 * byte for byte; else 0. `m` may be NULL. */
size_t head_memo_line(const struct head_memo *m, const char *bytes, size_t len);

/* What head_parse_line() is to be given then. Lives until head_memo_keep(). */
const struct head *head_memo_fields(const struct head_memo *m);

/* Remembers the fields of `h`, which head_parse() made in `parsed`, a copy of bytes[0 … len).
 * Makes *m where it is NULL; the caller frees it. What is too long is not remembered. */
void head_memo_keep(struct head_memo **m, const struct head *h, const char *parsed,
                    const char *bytes, size_t len);
