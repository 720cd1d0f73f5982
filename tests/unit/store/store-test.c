#include "store-test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int must_at(int64_t r, const struct err *e, const char *file, int line)
{
    if (r < 0) {
        print_error("%s:%d: %s\n", file, line, err_text(e, (int)r));
        _fail(file, line);
    }
    return (int)r;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return remove(path);
}

static void make_schema(struct fixture *f)
{
    static unsigned count;
    struct err e = {0};
    const char *server = getenv("TEST_POSTGRES_URL");
    AUTO(store_closep) struct store *s = NULL;
    AUTO(store_givep) struct db *db = NULL;
    assert_non_null(server);
    must(store_open(server, &e, &s), &e);
    must(store_take(s, &e, &db), &e);
    AUTO(mem_freep) char *name = mem_printf("t%d_%u", (int)getpid(), count++);
    AUTO(mem_freep) char *sql = mem_printf("CREATE SCHEMA %s", name);
    must(db_exec(db, &e, sql, ""), &e);
    f->url = mem_printf("%s%soptions=-csearch_path%%3D%s", server, strchr(server, '?') ? "&" : "?",
                        name);
}

struct fixture *fixture_new(bool postgresql, bool migrated)
{
    struct fixture *f = mem_alloc(sizeof *f);
    struct err e = {0};
    snprintf(f->folder, sizeof f->folder, "%s", "/tmp/hydra-store-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    if (postgresql)
        make_schema(f);
    else
        f->url = mem_printf("%s/hydra.db", f->folder);
    must(store_open(f->url, &e, &f->store), &e);
    if (migrated)
        must(store_migrate(f->store, &e), &e);
    return f;
}

void fixture_free(struct fixture *f)
{
    if (!f)
        return;
    store_close(f->store);
    nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    mem_free(f->url);
    mem_free(f);
}

int64_t ask(struct db *db, const char *sql)
{
    struct err e = {0};
    AUTO(rows_freep) struct rows *rows = NULL;
    must(db_query_one(db, &e, sql, &rows, ""), &e);
    return rows_int(rows, 0);
}

void add_settings(struct db *db, int from, int n)
{
    struct err e = {0};
    char key[32], value[101];
    memset(value, 'v', sizeof value - 1);
    value[100] = 0;
    must(db_begin(db, &e), &e);
    for (int i = from; i < from + n; i++) {
        snprintf(key, sizeof key, "k%06d", i);
        must(db_exec(db, &e, "INSERT INTO settings (key, value, changed_ms) VALUES ($1, $2, $3)",
                     "ssi", key, value, (int64_t)i),
             &e);
    }
    must(db_commit(db, &e), &e);
}

char *in_folder(const struct fixture *f, const char *name)
{
    return mem_printf("%s/%s", f->folder, name);
}

bool exists(const char *file)
{
    struct stat st;
    return stat(file, &st) == 0;
}

void in_child_at(int (*fn)(void *arg), void *arg, const char *file, int line)
{
    int status = -1;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failed assertion ends the child, not its test */
        _exit(fn(arg));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status != 0) {
        print_error("%s:%d: the child ended with %#x\n", file, line, (unsigned)status);
        _fail(file, line);
    }
}
