/* gRPC's messages in a stream of bytes: a flag, a length of 4 bytes (big-endian), the bytes. */
#pragma once

#include "base/str.h"

enum {
    RPC_PREFIX = 5,
    LIMIT_RPC_MESSAGE = 4 << 20, /* gRPC's own default, after decompression, too */
};

/* One direction of a call. Zero-initialise; framer_done() frees. */
struct framer {
    struct str part; /* of a message that has not come whole */
    size_t max;      /* bytes of a message, decompressed; 0 = LIMIT_RPC_MESSAGE */
    bool gzip;       /* grpc-encoding: gzip: messages with the flag are compressed */
};

typedef int framer_fn(void *arg, const void *bytes, size_t len); /* negative = stop with it */

/* Calls `fn` for each whole message. -EMSGSIZE: one is over framer_max(), told by its first bytes;
 * -EBADMSG: a bad flag or bad compression; -ENOMEM; what `fn` returned. Nothing more may be fed
 * after an error. */
int framer_feed(struct framer *f, const void *bytes, size_t len, framer_fn *fn,
                void *arg) MUST_CHECK;
size_t framer_max(const struct framer *f);
bool framer_is_between(const struct framer *f); /* no half message is waiting */
void framer_done(struct framer *f);

/* Appends a message with its prefix, uncompressed. */
void framer_add(struct str *out, const void *bytes, size_t len);
