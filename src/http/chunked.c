#include "http/chunked.h"

#include "http/chars.h"

#include <errno.h>

enum { MAX_SIZE_DIGITS = 15 };

static enum chunked_state add_digit(struct chunked *c, char byte)
{
    int digit = char_hex(byte);
    if (digit >= 0) {
        c->size = c->size << 4 | (uint64_t)digit;
        return ++c->digits <= MAX_SIZE_DIGITS ? CHUNKED_SIZE : CHUNKED_BAD;
    }
    if (!c->digits)
        return CHUNKED_BAD;
    return byte == '\r' ? CHUNKED_SIZE_LF : byte == ';' ? CHUNKED_EXTENSION : CHUNKED_BAD;
}

static enum chunked_state add_extension(struct chunked *c, char byte)
{
    if (byte == '\r')
        return CHUNKED_SIZE_LF;
    return char_is(byte, CHAR_VALUE) && ++c->extensions <= LIMIT_CHUNK_EXTENSIONS
               ? CHUNKED_EXTENSION
               : CHUNKED_BAD;
}

static enum chunked_state add_trailer(struct chunked *c, char byte)
{
    if (++c->trailers > LIMIT_TRAILERS)
        return CHUNKED_BAD;
    if (c->state == CHUNKED_TRAILER && byte == '\r')
        return CHUNKED_END_LF;
    if (c->state == CHUNKED_TRAILER_VALUE)
        return byte == '\r'                ? CHUNKED_TRAILER_LF
               : char_is(byte, CHAR_VALUE) ? CHUNKED_TRAILER_VALUE
                                           : CHUNKED_BAD;
    if (c->state == CHUNKED_TRAILER_NAME && byte == ':')
        return CHUNKED_TRAILER_VALUE;
    return char_is(byte, CHAR_TOKEN) ? CHUNKED_TRAILER_NAME : CHUNKED_BAD;
}

static enum chunked_state begin_chunk(struct chunked *c)
{
    c->digits = 0;
    return c->size ? CHUNKED_DATA : CHUNKED_TRAILER;
}

/* The whole grammar but the data, which is taken in one piece. */
static enum chunked_state next_state(struct chunked *c, char byte)
{
    switch (c->state) {
    case CHUNKED_SIZE:
        return add_digit(c, byte);
    case CHUNKED_EXTENSION:
        return add_extension(c, byte);
    case CHUNKED_SIZE_LF:
        return byte == '\n' ? begin_chunk(c) : CHUNKED_BAD;
    case CHUNKED_DATA_CR:
        return byte == '\r' ? CHUNKED_DATA_LF : CHUNKED_BAD;
    case CHUNKED_DATA_LF:
        return byte == '\n' ? CHUNKED_SIZE : CHUNKED_BAD;
    case CHUNKED_TRAILER:
    case CHUNKED_TRAILER_NAME:
    case CHUNKED_TRAILER_VALUE:
        return add_trailer(c, byte);
    case CHUNKED_TRAILER_LF:
        return byte == '\n' ? CHUNKED_TRAILER : CHUNKED_BAD;
    case CHUNKED_END_LF:
        return byte == '\n' ? CHUNKED_END : CHUNKED_BAD;
    case CHUNKED_DATA:
    case CHUNKED_END:
    case CHUNKED_BAD:
        break;
    }
    return c->state;
}

static size_t take_data(struct chunked *c, size_t len)
{
    size_t n = c->size < len ? (size_t)c->size : len;
    c->size -= n;
    if (!c->size)
        c->state = CHUNKED_DATA_CR;
    return n;
}

int chunked_read(struct chunked *c, const char *bytes, size_t len, size_t *ret_used,
                 const char **ret_piece, size_t *ret_piece_len)
{
    size_t i = 0;
    *ret_piece_len = 0;
    while (i < len && c->state != CHUNKED_DATA && c->state < CHUNKED_END)
        c->state = next_state(c, bytes[i++]);
    if (c->state == CHUNKED_BAD)
        return -EBADMSG;
    if (c->state == CHUNKED_DATA && i < len) {
        *ret_piece = bytes + i;
        *ret_piece_len = take_data(c, len - i);
        i += *ret_piece_len;
    }
    *ret_used = i;
    return c->state == CHUNKED_END;
}
