#include "io/curl-library.h"

#include <dlfcn.h>
#include <pthread.h>

static struct curl_library library;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char failure[ERR_TEXT_MAX]; /* "" = loaded */

static const struct {
    const char *name;
    void *slot;
} symbols[] = {
    {"curl_global_init", &library.global_init},
    {"curl_easy_init", &library.easy_init},
    {"curl_easy_setopt", &library.easy_setopt},
    {"curl_easy_getinfo", &library.easy_getinfo},
    {"curl_easy_cleanup", &library.easy_cleanup},
    {"curl_easy_strerror", &library.easy_strerror},
    {"curl_multi_init", &library.multi_init},
    {"curl_multi_setopt", &library.multi_setopt},
    {"curl_multi_add_handle", &library.multi_add_handle},
    {"curl_multi_remove_handle", &library.multi_remove_handle},
    {"curl_multi_socket_action", &library.multi_socket_action},
    {"curl_multi_assign", &library.multi_assign},
    {"curl_multi_info_read", &library.multi_info_read},
    {"curl_multi_cleanup", &library.multi_cleanup},
    {"curl_slist_append", &library.slist_append},
    {"curl_slist_free_all", &library.slist_free_all},
};

static void load(void)
{
    void *so = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!so) {
        struct err e;
        err_set(&e, -ENOPKG, "libcurl is not installed (package libcurl4): %s", dlerror());
        memcpy(failure, e.text, sizeof failure);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(symbols); i++) {
        void *f = dlsym(so, symbols[i].name);
        if (!f) {
            struct err e;
            err_set(&e, -ENOPKG, "libcurl.so.4 lacks %s.", symbols[i].name);
            memcpy(failure, e.text, sizeof failure);
            return;
        }
        memcpy(symbols[i].slot, &f, sizeof f);
    }
    library.global_init(CURL_GLOBAL_DEFAULT);
}

int curl_library_get(struct err *e, const struct curl_library **ret_library)
{
    pthread_once(&once, load);
    if (*failure)
        return err_set(e, -ENOPKG, "%s", failure);
    *ret_library = &library;
    return 0;
}
