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
