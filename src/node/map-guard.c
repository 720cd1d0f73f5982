#include "node/map-guard.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct sigaction before; /* whose the signal is when no guard wants it */
static uintptr_t page;
static _Thread_local struct map_guard *volatile inmost;

static struct map_guard *guard_of(const char *at)
{
    for (struct map_guard *g = inmost; g; g = g->outer)
        if (at >= g->from && at < g->from + g->n)
            return g;
    return NULL;
}

/* Puts a page of zeros where the file's was; what read there goes on. */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
    (void)context;
    struct map_guard *g = guard_of(info->si_addr);
    void *at = (char *)info->si_addr - (uintptr_t)info->si_addr % page;
    if (g && mmap(at, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at)
        g->is_torn = 1;
    else
        sigaction(number, &before, NULL); /* it comes again, and goes there */
}

static void install(void)
{
    struct sigaction own = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    page = (uintptr_t)sysconf(_SC_PAGESIZE);
    sigaction(SIGBUS, &own, &before);
}

void map_guard_enter(struct map_guard *g, const void *from, size_t n)
{
    pthread_once(&once, install);
    *g = (struct map_guard){.from = from, .n = n, .outer = inmost};
    inmost = g;
}

bool map_guard_leave(struct map_guard *g)
{
    inmost = g->outer;
    return g->is_torn;
}
