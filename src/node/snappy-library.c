#include "node/snappy-library.h"

#include <dlfcn.h>
#include <pthread.h>

/* As in snappy-c.h; 0 is success. */
static struct {
    int (*compress)(const char *input, size_t n, char *compressed, size_t *compressed_n);
    size_t (*max_length)(size_t n);
} library;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct err failure;

static void *find(void *so, const char *name)
{
    void *f = dlsym(so, name);
    if (!f)
        err_set(&failure, -ENOPKG, "libsnappy.so.1 lacks %s.", name);
    return f;
}

static void load(void)
{
    void *so = dlopen("libsnappy.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!so) {
        err_set(&failure, -ENOPKG, "libsnappy is not installed (package libsnappy1v5): %s",
                dlerror());
        return;
    }
    void *compress = find(so, "snappy_compress"),
         *max_length = find(so, "snappy_max_compressed_length");
    memcpy(&library.compress, &compress, sizeof compress);
    memcpy(&library.max_length, &max_length, sizeof max_length);
}

int snappy_library_check(struct err *e)
{
    pthread_once(&once, load);
    return failure.code < 0 ? err_set(e, failure.code, "%s", failure.text) : 0;
}

int snappy_library_compress(const void *bytes, size_t n, struct err *e, struct str *out)
{
    int r = snappy_library_check(e);
    if (r < 0)
        return r;
    size_t room = library.max_length(n);
    str_reserve(out, room + 1);
    r = library.compress(bytes, n, out->p + out->len, &room);
    if (r != 0)
        return err_set(e, -EIO, "libsnappy does not compress: status %d.", r);
    out->len += room;
    out->p[out->len] = 0;
    return 0;
}
