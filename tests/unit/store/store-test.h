/* What the tests of src/store share: a fresh, empty database of the kind under test. */
#pragma once

#include "../test.h"

#include "store/store.h"

/* TEST_POSTGRES_URL names a server whose database may be emptied; a schema of its own is used per
 * call. Without it: an SQLite file in a folder of its own. */
struct fixture {
    char folder[64]; /* scratch; removed at the end */
    char *url;
    struct store *store;
};

struct fixture *fixture_new(bool postgresql, bool migrated);
void fixture_free(struct fixture *f);
static inline void fixture_freep(struct fixture **f)
{
    fixture_free(*f);
    *f = NULL;
}

/* Fails the test with the sentence when `r` is negative. */
#define must(r, e) must_at((r), (e), __FILE__, __LINE__)
int must_at(int64_t r, const struct err *e, const char *file, int line);

/* One number from the database. */
int64_t ask(struct db *db, const char *sql);

/* Fills settings with keys k000000 … of 100 bytes each, in one transaction. */
void add_settings(struct db *db, int from, int n);
char *in_folder(const struct fixture *f, const char *name); /* mem_free() */
bool exists(const char *file);

/* Runs fn(arg) in a child process and fails the test unless it returns 0 there. A failed assertion
 * in the child counts as failure too. */
#define in_child(fn, arg) in_child_at((fn), (arg), __FILE__, __LINE__)
void in_child_at(int (*fn)(void *arg), void *arg, const char *file, int line);
