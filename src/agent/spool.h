/* What the hub has not acknowledged, in files that outlive the process.
 *
 * Records are numbered and read back in that order. A segment file holds a header and records, each
 * with its length and CRC; what was cut off in the middle is cut away at the next start. Over the
 * limit, frames go first, the oldest before the newer ones: all but each tenth, then all but each
 * sixtieth, then all; then reports; outcomes of commands last. A frame is either a key (complete)
 * or a difference to the frame before it, so a segment is thinned without being understood.
 *
 * A table (names of series) is a file of its own that frames belong to; it goes with the last of
 * them. Written data is the kernel's: it survives the end of the process at any moment, and the
 * machine's except for the last half minute. Blocks for as long as the page cache does. Not
 * thread-safe. */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum spool_kind {
    SPOOL_REPORT = 1,
    SPOOL_OUTCOME = 2,
    SPOOL_KEY = 3,   /* a frame that needs no other */
    SPOOL_FRAME = 4, /* the difference to the one before it */
};

enum {
    SPOOL_KEY_EVERY = 10,   /* frames */
    LIMIT_SPOOL = 64 << 20, /* bytes of all files, unless the settings say otherwise */
    LIMIT_SPOOL_RECORD = 4 << 20,
    LIMIT_SPOOL_SEGMENTS = 4096,
    SPOOL_SEGMENTS = 64, /* a full spool has at least so many */
};

struct spool;

struct spool_settings {
    const char *dir;
    uint64_t limit; /* bytes; 0 = LIMIT_SPOOL */
    uint64_t first; /* numbers begin here at least: those of an earlier run must not come again */
};

int spool_open(const struct spool_settings *s, struct err *e, struct spool **ret_s) MUST_CHECK;
void spool_close(struct spool *s);
void spool_remove_all(const char *dir); /* nothing is kept; nobody has it open */

/* Appends a record and returns its number. When it can't be written it has a number, but is not
 * kept; spool_trouble() says why. */
uint64_t spool_add(struct spool *s, enum spool_kind kind, const void *bytes, size_t len);
/* A number for something that is not kept here. */
uint64_t spool_number(struct spool *s);

/* The table that the frames from now on belong to: a new one, or more of the same. The next frame
 * must be a key after a new one. */
void spool_table(struct spool *s, bool is_new, const void *bytes, size_t len);
uint32_t spool_table_now(const struct spool *s); /* 0 = none yet */
/* Appends the parts of a table to `out`, each after its length (4 bytes). -ENOENT. */
int spool_table_read(const struct spool *s, uint32_t table, struct str *out) MUST_CHECK;
/* Whether the next frame must be a key. */
bool spool_wants_key(const struct spool *s);

/* This record and all before it need not be kept. */
void spool_acknowledge(struct spool *s, uint64_t sequence);

struct spool_record {
    uint64_t sequence;
    enum spool_kind kind;
    uint32_t table;       /* of a frame */
    bool is_done;         /* acknowledged; a frame that those after it may still need */
    const uint8_t *bytes; /* valid until the next call */
    size_t len;
};
/* Reads from the oldest on; 1 = a record, 0 = none is left. */
void spool_rewind(struct spool *s);
int spool_read(struct spool *s, struct spool_record *ret_r) MUST_CHECK;
bool spool_is_read(const struct spool *s); /* everything has been read */
/* With nothing left to read: what was just added has gone its way already. */
void spool_skip(struct spool *s);

uint64_t spool_bytes(const struct spool *s);      /* of all files */
const char *spool_trouble(const struct spool *s); /* NULL = none */
