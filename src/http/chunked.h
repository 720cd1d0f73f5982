/* The chunked transfer coding, read strictly (RFC 9112 section 7.1): CRLF only, hexadecimal sizes
 * without ornament, bounded extensions and trailers. Pure. */
#pragma once

#include "base/mem.h"

enum { LIMIT_CHUNK_EXTENSIONS = 4096, LIMIT_TRAILERS = 8192 };

enum chunked_state {
    CHUNKED_SIZE,      /* in the digits of a size */
    CHUNKED_EXTENSION, /* after its ';' */
    CHUNKED_SIZE_LF,   /* after the CR of the size's line */
    CHUNKED_DATA,      /* in the bytes of a chunk */
    CHUNKED_DATA_CR,   /* after them */
    CHUNKED_DATA_LF,
    CHUNKED_TRAILER,      /* at the beginning of a line after the last chunk */
    CHUNKED_TRAILER_NAME, /* in the name of a trailer field */
    CHUNKED_TRAILER_VALUE,
    CHUNKED_TRAILER_LF,
    CHUNKED_END_LF, /* after the CR of the last line */
    CHUNKED_END,
    CHUNKED_BAD,
};

/* Zero-initialise. */
struct chunked {
    enum chunked_state state;
    uint64_t size; /* of the chunk, what is left of it */
    unsigned digits;
    unsigned extensions, trailers; /* bytes of them so far */
};

/* Reads on in bytes[0 … len): *ret_used of them are done with; *ret_piece, *ret_piece_len is the
 * piece of the body that was found, if any (then there may be more: call again). Returns 1 at the
 * end of the body, 0 before, -EBADMSG for what is malformed. */
int chunked_read(struct chunked *c, const char *bytes, size_t len, size_t *ret_used,
                 const char **ret_piece, size_t *ret_piece_len) MUST_CHECK;
