#include "node/map-guard.h"

#include <assert.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { IMAGES_MAX = 512 }; /* parts of programs and libraries */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction before; /* whose the signal is when no guard wants it */
static uintptr_t page;
static _Thread_local struct map_guard *volatile inmost;

static bool has(const struct map_guard *g, const void *at)
{
    return (uintptr_t)at - (uintptr_t)g->from < g->n;
}

/* Programs and libraries: zeros there would be other code and other tables. */
static struct image {
    uintptr_t from, end;
} images[IMAGES_MAX];
static unsigned n_images;

static int note_image(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size, (void)arg;
    for (unsigned i = 0; i < info->dlpi_phnum && n_images < IMAGES_MAX; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        uintptr_t from = info->dlpi_addr + h->p_vaddr;
        if (h->p_type == PT_LOAD)
            images[n_images++] = (struct image){from, from + h->p_memsz};
    }
    return 0;
}

static bool is_of_image(uintptr_t at)
{
    for (unsigned i = 0; i < n_images; i++)
        if (at >= images[i].from && at < images[i].end)
            return true;
    return false;
}

static bool is_guarded(const void *at)
{
    if (is_of_image((uintptr_t)at))
        return false;
    for (const struct map_guard *g = inmost; g; g = g->outer)
        if (has(g, at))
            return true;
    return false;
}

/* Puts a page of zeros where the file's was, which goes with the file's mapping; what read there
 * goes on. */
static bool mend(char *at)
{
    char *from = at - (uintptr_t)at % page;
    return mmap(from, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == from;
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    int error = errno;
    (void)context;
    if (info->si_code == BUS_ADRERR && is_guarded(info->si_addr) && mend(info->si_addr)) {
        for (struct map_guard *g = inmost; g; g = g->outer)
            if (has(g, info->si_addr))
                g->is_torn = 1;
    } else {
        sigaction(number, &before, NULL); /* it comes again, and goes there */
        if (info->si_code <= 0)
            raise(number); /* one that was sent does not come by itself */
    }
    errno = error;
}

/* The handler is the whole program's: others may have put their own there since. */
static void install(void)
{
    struct sigaction own = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK}, now;
    pthread_mutex_lock(&lock);
    sigaction(SIGBUS, NULL, &now);
    if (now.sa_sigaction != on_bus_error) {
        before = now;
        page = (uintptr_t)sysconf(_SC_PAGESIZE);
        n_images = 0;
        dl_iterate_phdr(note_image, NULL);
        sigaction(SIGBUS, &own, NULL);
    }
    pthread_mutex_unlock(&lock);
}

void map_guard_enter(struct map_guard *g, const void *from, size_t n)
{
    if (!inmost)
        install();
    *g = (struct map_guard){.from = from, .n = n, .outer = inmost};
    inmost = g;
    atomic_signal_fence(memory_order_seq_cst);
}

void map_guard_enter_all(struct map_guard *g)
{
    map_guard_enter(g, NULL, SIZE_MAX);
}

bool map_guard_leave(struct map_guard *g)
{
    atomic_signal_fence(memory_order_seq_cst);
    assert(inmost == g);
    inmost = g->outer;
    return g->is_torn;
}
