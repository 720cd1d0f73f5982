/* A journal file as journald writes it, read in place: https://systemd.io/JOURNAL_FILE_FORMAT.
 *
 * libsystemd does this, too, and is what everything but searching uses. It takes some microseconds
 * for an entry, for it matches, merges and checks anew at each step; who looks at millions of
 * entries to find one wants them faster.
 *
 * A file may be written to meanwhile, or be broken: an offset is believed only when an object of
 * the kind that belongs there lies within the file, and chains are followed in the one direction
 * that they can have. Not thread-safe. */
#pragma once

#include "base/err.h"
#include "base/vec.h"

enum {
    JOURNAL_ID_SIZE = 16,
    JOURNAL_DATA_MAX = (16 << 10) + 64, /* bytes of a field's value that are read */
    LIMIT_JOURNAL_ARRAYS = 64,          /* of one list: each is twice as long as the one before */
};

/* Entries, oldest first: all of them, or those that hold one value. */
struct journal_list {
    struct journal_array {
        uint64_t offset, n; /* of the items */
        uint64_t before;    /* entries that stand before */
    } arrays[LIMIT_JOURNAL_ARRAYS];
    unsigned n_arrays;
    uint64_t first; /* offset of an entry that stands before those in the arrays; 0 = none */
    uint64_t n;
};

struct journal_file {
    const unsigned char *p;
    size_t n;
    bool is_mapped, is_compact, is_compressed; /* compressed: some of it, with zstd */
    unsigned char seqnum_id[JOURNAL_ID_SIZE];
    int64_t head_us, tail_us; /* wall: of the first and the last entry */
    uint64_t fields_offset, fields_n;
    struct journal_list all;
};

struct journal_entry {
    uint64_t offset, seqnum, monotonic_us, xor_hash;
    int64_t time_us;
    unsigned char boot_id[JOURNAL_ID_SIZE];
    const unsigned char *items;
    size_t n_items;
};

/* What stands in `bytes`, which must stay. -ENODATA: no entries; -EOPNOTSUPP: of a kind that is not
 * known here; -EBADMSG: broken. */
int journal_file_read(const void *bytes, size_t n, struct journal_file *ret) MUST_CHECK;
int journal_file_open(const char *path, struct journal_file *ret) MUST_CHECK; /* or an errno */
void journal_file_done(struct journal_file *f);

/* Offset of the data object "FIELD=value", 0 = no entry of the file holds it. */
uint64_t journal_file_find(const struct journal_file *f, const char *field, const char *value);
int journal_file_list(const struct journal_file *f, uint64_t data,
                      struct journal_list *ret) MUST_CHECK;
/* Offset of the list's entry `i`; 0 = broken. */
uint64_t journal_list_at(const struct journal_file *f, const struct journal_list *l, uint64_t i);

int journal_file_entry(const struct journal_file *f, uint64_t offset,
                       struct journal_entry *ret) MUST_CHECK;
/* It will be asked for soon: has the processor fetch it, and what was written just before, which is
 * what only this entry holds. */
void journal_file_expect(const struct journal_file *f, uint64_t offset);
/* Offset of the entry's data object `i`. */
uint64_t journal_entry_item(const struct journal_file *f, const struct journal_entry *e, size_t i);
/* "FIELD=value", in place. 1 = it is compressed. -EBADMSG also when the file says that nothing in
 * it is. */
int journal_file_data(const struct journal_file *f, uint64_t offset, const char **ret_bytes,
                      size_t *ret_n) MUST_CHECK;
