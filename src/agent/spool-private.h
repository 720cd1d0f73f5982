/* What the files of the spool share. */
#pragma once

#include "agent/spool.h"

#include "base/vec.h"

enum spool_level {
    LEVEL_ALL,      /* as written */
    LEVEL_TENTH,    /* keys only */
    LEVEL_SIXTIETH, /* each sixth key */
    LEVEL_REPORTS,  /* no frames */
    LEVEL_OUTCOMES, /* outcomes of commands only */
    LEVEL_NONE,     /* the file goes */
};

enum {
    SEGMENT_HEADER = 32,
    RECORD_HEADER = 17, /* length, CRC of the rest, sequence, kind */
    SEGMENT_NAME_SIZE = 32,
};

/* One file. */
struct segment {
    uint64_t number; /* in its name: counts files */
    uint64_t first;  /* all its records are numbered from here on */
    uint64_t last;   /* 0 = it has none */
    uint64_t size;
    uint32_t table;
    uint8_t level;
};

struct spool {
    char *dir;
    uint64_t limit, segment_max;
    VEC(struct segment) segments; /* the last one is being written */
    uint64_t bytes;               /* of segments */
    uint64_t next;                /* the next record's number */
    uint64_t acknowledged;
    uint32_t table; /* 0 = none */
    unsigned frames_since_key;
    bool has_key; /* in the segment that is being written */
    int out;      /* -1 = the next record begins a segment */
    struct {
        uint64_t segment; /* its number */
        uint64_t offset;  /* 0 = at its beginning */
        int fd;           /* -1 = not open */
    } at;
    struct str buf; /* of the record that was read */
    struct err trouble;
};

void segment_path(const struct spool *s, uint64_t number, char ret_path[4096]);
void table_path(const struct spool *s, uint32_t table, char ret_path[4096]);

void segment_header_print(const struct segment *g, uint8_t ret_bytes[SEGMENT_HEADER]);
bool segment_header_parse(const uint8_t bytes[SEGMENT_HEADER], struct segment *ret_g);

void record_print(uint64_t sequence, enum spool_kind kind, const void *bytes, size_t len,
                  struct str *out);
/* Reads the record at `offset` into `buf`. 1; 0 = the file ends there; -EBADMSG: no whole record.
 */
int record_read(int fd, uint64_t offset, struct str *buf, struct spool_record *ret_r) MUST_CHECK;

/* Finds what is there; cuts torn ends off. */
int spool_scan(struct spool *s, struct err *e) MUST_CHECK;
/* Makes room until the files fit the limit. */
void spool_thin(struct spool *s);
void spool_remove(struct spool *s,
                  size_t i); /* a segment, and its table when it was the last one */
