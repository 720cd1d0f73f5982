#include "node/zstd-library.h"

#include <dlfcn.h>
#include <pthread.h>

/* As in zstd.h, which promises them to stay. */
struct zstd_in {
    const void *p;
    size_t n, at;
};
struct zstd_out {
    void *p;
    size_t n, at;
};
static struct {
    void *(*new_stream)(void);
    size_t (*free_stream)(void *stream);
    size_t (*init)(void *stream);
    size_t (*decompress)(void *stream, struct zstd_out *out, struct zstd_in *in);
    unsigned (*is_error)(size_t code);
} library;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct err failure;

struct zstd {
    void *stream;
};

static void load(void)
{
    static const struct {
        const char *name;
        void *to;
    } functions[] = {
        {"ZSTD_createDStream", &library.new_stream},
        {"ZSTD_freeDStream", &library.free_stream},
        {"ZSTD_initDStream", &library.init},
        {"ZSTD_isError", &library.is_error},
        {"ZSTD_decompressStream", &library.decompress},
    };
    void *so = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!so)
        err_set(&failure, -ENOPKG, "libzstd is not installed (package libzstd1): %s", dlerror());
    for (size_t i = 0; so && i < COUNT_OF(functions); i++) {
        void *f = dlsym(so, functions[i].name);
        if (!f)
            err_set(&failure, -ENOPKG, "libzstd.so.1 lacks %s.", functions[i].name);
        memcpy(functions[i].to, &f, sizeof f);
    }
}

int zstd_library_check(struct err *e)
{
    pthread_once(&once, load);
    return failure.code < 0 ? err_set(e, failure.code, "%s", failure.text) : 0;
}

struct zstd *zstd_new(void)
{
    void *stream = zstd_library_check(NULL) == 0 ? library.new_stream() : NULL;
    struct zstd *z = stream ? mem_alloc(sizeof *z) : NULL;
    if (z)
        z->stream = stream;
    return z;
}

void zstd_free(struct zstd *z)
{
    if (z)
        library.free_stream(z->stream);
    mem_free(z);
}

int zstd_begin(struct zstd *z, const void *bytes, size_t n, void *ret, size_t size)
{
    struct zstd_in in = {.p = bytes, .n = n};
    struct zstd_out out = {.p = ret, .n = size};
    size_t left = library.init(z->stream);
    while (!library.is_error(left) && left && out.at < out.n) {
        size_t had = in.at + out.at;
        left = library.decompress(z->stream, &out, &in);
        if (in.at + out.at == had)
            break;
    }
    return library.is_error(left) || (left && out.at < out.n) ? -EBADMSG : (int)out.at;
}
