/* What the peer takes and what it has already: Accept-Encoding and If-None-Match (RFC 9110). Pure.
 */
#pragma once

#include "base/mem.h"

enum coding {
    CODING_IDENTITY = 0,
    CODING_GZIP = 1,
    CODING_BROTLI = 2,
};

/* The best of the codings that are on offer (bits of enum coding): brotli before gzip before
 * identity, q=0 excludes, NULL means identity. */
enum coding negotiate_coding(const char *accept_encoding, unsigned offered);

/* Does If-None-Match name this (quoted) tag? Weak comparison; `*` names every tag. */
bool negotiate_has_tag(const char *if_none_match, const char *etag);
