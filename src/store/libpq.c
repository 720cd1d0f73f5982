#include "store/libpq.h"

#include <dlfcn.h>
#include <pthread.h>

static const char *const names[] = {
#define LIBPQ_NAME(name) #name,
    LIBPQ_FUNCTIONS(LIBPQ_NAME)
#undef LIBPQ_NAME
};

static int find_all(void *library, struct libpq *ret, struct err *e)
{
    void *found[COUNT_OF(names)];
    _Static_assert(sizeof found == sizeof *ret, "one pointer per function");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        found[i] = dlsym(library, names[i]);
        if (!found[i])
            return err_set(e, -ENOTSUP, "libpq.so.5 is too old: it lacks %s.", names[i]);
    }
    memcpy(ret, found, sizeof found); /* ISO C knows no cast from object to function pointers */
    return 0;
}

static int load(struct libpq *ret, struct err *e)
{
    void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return err_set(e, -ENOTSUP,
                       "PostgreSQL's client library is missing (libpq.so.5). Install the package "
                       "libpq5 (Debian), postgresql-libs (Arch) or libpq (Fedora, NixOS).");
    int r = find_all(library, ret, e);
    if (r < 0)
        dlclose(library);
    return r;
}

int libpq_load(struct err *e, const struct libpq **ret_pq)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct libpq pq;
    static bool loaded;
    pthread_mutex_lock(&lock);
    int r = loaded ? 0 : load(&pq, e);
    loaded = r == 0;
    pthread_mutex_unlock(&lock);
    if (r == 0)
        *ret_pq = &pq;
    return r;
}
