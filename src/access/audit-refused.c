/* Refusals: whoever is refused can be refused very often, so they are counted per network and
 * minute, and what is beyond the limit becomes one row. */
#include "access/audit.h"
#include "access/network.h"

#include <pthread.h>
#include <stdio.h>

enum { MINUTE_MS = 60 * 1000 };

struct window {
    char network[NETWORK_KEY_SIZE]; /* the empty one is a network too (a socket, a test) */
    bool taken;
    int64_t start_ms;
    unsigned written, left_out;
};

/* One table for the process: audit_refused() has no object, and a limit must not depend on which
 * one is asked. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct window windows[LIMIT_AUDIT_NETWORKS];

static bool is_over(const struct window *w, int64_t now)
{
    return now - w->start_ms >= MINUTE_MS || now < w->start_ms;
}

static struct window *find_window(const char *network)
{
    struct window *oldest = &windows[0];
    for (size_t i = 0; i < COUNT_OF(windows); i++) {
        struct window *w = &windows[i];
        if (w->taken && str_eq(w->network, network))
            return w;
        if (oldest->taken && (!w->taken || w->start_ms < oldest->start_ms))
            oldest = w;
    }
    return oldest;
}

/* Counts one refusal. Returns whether it is to be written; a minute that ended with something left
 * out, or had to make room, is copied to *ret_before. */
static bool count(const char *network, int64_t now, struct window *ret_before)
{
    pthread_mutex_lock(&lock);
    struct window *w = find_window(network);
    *ret_before = (struct window){0};
    if (!w->taken || !str_eq(w->network, network) || is_over(w, now)) {
        *ret_before = *w;
        *w = (struct window){.taken = true, .start_ms = now};
        str_copy(w->network, sizeof w->network, network);
    }
    bool write = w->written < LIMIT_AUDIT_REFUSALS;
    w->written += write;
    w->left_out += !write;
    pthread_mutex_unlock(&lock);
    return write;
}

static int append_alone(struct db *db, const struct audit_entry *entry, struct err *e)
{
    int r = db_begin(db, e);
    if (r < 0)
        return r;
    r = audit_append(db, entry, e);
    if (r >= 0)
        r = db_commit(db, e);
    if (r < 0)
        db_rollback(db);
    return r < 0 ? r : 0;
}

static int write_left_out(struct db *db, const struct window *w, int64_t now, struct err *e)
{
    char detail[64];
    snprintf(detail, sizeof detail, "{\"refusals\":%u}", w->left_out);
    const struct audit_entry entry = {
        .time_ms = now,
        .actor = "system",
        .via = "local",
        .address = w->network,
        .action = "audit.left-out",
        .outcome = "refused",
        .detail = detail,
    };
    return append_alone(db, &entry, e);
}

int audit_refused(struct db *db, const struct audit_entry *entry, struct err *e)
{
    char network[NETWORK_KEY_SIZE];
    struct window before;
    network_key(entry->address, network);
    bool write = count(network, entry->time_ms, &before);
    int r = before.left_out ? write_left_out(db, &before, entry->time_ms, e) : 0;
    return r < 0 || !write ? r : append_alone(db, entry, e);
}

/* Takes one window that is over off the table. */
static bool take_over(int64_t now, struct window *ret_window)
{
    bool found = false;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < COUNT_OF(windows) && !found; i++) {
        found = windows[i].left_out && is_over(&windows[i], now);
        if (found) {
            *ret_window = windows[i];
            windows[i] = (struct window){0};
        }
    }
    pthread_mutex_unlock(&lock);
    return found;
}

int audit_flush(struct db *db, int64_t now_wall_ms, struct err *e)
{
    struct window w;
    int r = 0;
    while (r >= 0 && take_over(now_wall_ms, &w))
        r = write_left_out(db, &w, now_wall_ms, e);
    return r;
}
