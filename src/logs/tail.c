/* A live tail: readers put lines into a bounded store, a thread writes them to the socket of a
 * browser. What a slow one can't take is dropped and counted; nobody else waits for it. */
#include "base/clock.h"
#include "base/rand.h"
#include "logs/logs-private.h"

#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HEARTBEAT_MS = 15000,
    STALL_MS = 60000, /* nothing can be written for so long: closed */
    FIRST_MS = 3000,  /* the first lines wait so long for the slowest node */
    RETRY_MS = 2000,  /* clients come back after so long */
    STACK_SIZE = 256 << 10,
    LIMIT_IGNORED = 64 << 10, /* bytes a client may say on an event stream */
};

struct tail {
    struct logs *logs;
    struct logs_request request;
    struct asking asking;
    int fd, wake_fd;
    char *head;
    char subject[48];
    int64_t expires_wall_ms;
    struct position last; /* of each source, told as the id of an event */
    size_t ignored;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct log_batch store;
    size_t store_bytes;
    bool first[LIMIT_LOG_SERVICES]; /* has told its first lines, or nothing more comes */
    bool is_open;  /* all have, or time was up; or it goes on, and there are none */
    unsigned left; /* readers that are not done */
    bool ending, goodbye;
};

const char *tail_subject(const struct tail *t)
{
    return t->subject;
}

static void wake(struct tail *t)
{
    uint64_t one = 1;
    (void)!write(t->wake_fd, &one, sizeof one);
}

void tail_end(struct tail *t, bool goodbye)
{
    pthread_mutex_lock(&t->lock);
    t->ending = true;
    t->goodbye = goodbye;
    pthread_mutex_unlock(&t->lock);
    wake(t);
}

/* --- on the readers' threads --- */

static size_t size_of(const struct log_batch *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->lines.n; i++)
        n += sizeof(struct log_line) + strlen(b->lines.v[i].text) +
             (b->lines.v[i].fields ? strlen(b->lines.v[i].fields) : 0);
    return n;
}

static void drop_lines(struct log_batch *b)
{
    for (size_t i = 0; i < b->lines.n; i++)
        log_line_done(&b->lines.v[i]);
    b->dropped += b->lines.n;
    b->lines.n = 0;
}

/* The first lines may come in many pieces: of all only the newest are told. */
static void add_first(struct tail *t, unsigned ask, struct log_batch *b)
{
    t->first[ask] |= b->lines.n < LIMIT_LOG_BATCH; /* a full piece is seldom the last */
    log_batch_join(&t->store, b, 0, true);
    log_batch_settle(&t->store, t->request.query.limit, false);
    t->store_bytes = size_of(&t->store);
}

static void add_next(struct tail *t, struct log_batch *b)
{
    size_t n = size_of(b);
    if (t->store_bytes + n > LIMIT_LOG_TAIL_BYTES && t->store_bytes)
        drop_lines(b);
    else
        t->store_bytes += n;
    log_batch_join(&t->store, b, 0, true);
}

static void on_batch(void *arg, unsigned ask, struct log_batch *b)
{
    struct tail *t = arg;
    pthread_mutex_lock(&t->lock);
    b->whole = true; /* a tail knows no beyond */
    if (t->is_open) {
        t->first[ask] = true;
        add_next(t, b);
    } else {
        add_first(t, ask, b);
    }
    pthread_mutex_unlock(&t->lock);
    wake(t);
}

static void on_done(void *arg, unsigned ask)
{
    struct tail *t = arg;
    pthread_mutex_lock(&t->lock);
    t->first[ask] = true;
    t->left--;
    wake(t);
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

/* --- on the tail's thread --- */

/* False when the client is gone, or takes nothing for too long. */
static bool send_all(struct tail *t, const char *p, size_t n)
{
    while (n) {
        ssize_t w = send(t->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (w > 0) {
            p += w;
            n -= (size_t)w;
            continue;
        }
        struct pollfd wait[2] = {{t->fd, POLLOUT, 0}};
        if (errno != EAGAIN && errno != EINTR)
            return false;
        if (poll(wait, 1, STALL_MS) == 0 || (wait[0].revents & (POLLERR | POLLHUP)))
            return false;
        pthread_mutex_lock(&t->lock);
        bool ending = t->ending;
        pthread_mutex_unlock(&t->lock);
        if (ending)
            return false;
    }
    return true;
}

static void note_places(struct tail *t, const struct log_batch *b)
{
    for (size_t i = 0; i < b->lines.n; i++) {
        const struct log_line *l = &b->lines.v[i];
        if (l->cursor)
            position_set(&t->last, t->request.sources.v[l->source].id, l->cursor);
        t->last.time_us = l->time_us > t->last.time_us ? l->time_us : t->last.time_us;
    }
}

static bool send_lines(struct tail *t, const struct log_batch *b)
{
    AUTO(str_done) struct str out = {0};
    struct str *o = &out;
    if (b->lines.n || b->dropped) {
        note_places(t, b);
        AUTO(mem_freep) char *id = position_print(&t->last);
        str_addf(o, "id: %s\nevent: log.lines\ndata: ", id);
        struct jw w = jw_begin(o);
        jw_object(&w);
        print_lines(&w, &t->request, b);
        jw_key_uint(&w, "dropped", b->dropped);
        jw_end_object(&w);
        str_add(o, "\n\n");
    }
    if (b->troubles.n) {
        str_add(o, "event: log.partial\ndata: ");
        struct jw w = jw_begin(o);
        jw_object(&w);
        print_troubles(&w, &t->request, b);
        jw_end_object(&w);
        str_add(o, "\n\n");
    }
    return !out.len || send_all(t, out.p, out.len);
}

static bool all_first(const struct tail *t)
{
    for (unsigned i = 0; i < t->asking.n; i++)
        if (!t->first[i])
            return false;
    return true;
}

/* What has come since the last time; false when it is to end. */
static bool take(struct tail *t, bool first, struct log_batch *ret, bool *ret_all_first)
{
    pthread_mutex_lock(&t->lock);
    bool go_on = !t->ending;
    *ret_all_first = all_first(t);
    if (!first || *ret_all_first) {
        *ret = t->store;
        t->store = (struct log_batch){.whole = true};
        t->store_bytes = 0;
        t->is_open = true;
    }
    pthread_mutex_unlock(&t->lock);
    return go_on;
}

/* Reads and forgets what a client says; false when it has hung up. */
static bool listen_to(struct tail *t)
{
    char bytes[4096];
    ssize_t n = recv(t->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    t->ignored += (size_t)n;
    return n > 0 && t->ignored <= LIMIT_IGNORED;
}

static bool is_expired(const struct tail *t)
{
    return t->expires_wall_ms && clock_wall_ms() >= t->expires_wall_ms;
}

/* Waits for lines, the client's end, or the time of a heartbeat. */
static bool wait_for(struct tail *t, int ms, bool *ret_quiet)
{
    uint64_t count;
    struct pollfd p[2] = {{t->fd, POLLIN | POLLRDHUP, 0}, {t->wake_fd, POLLIN, 0}};
    *ret_quiet = poll(p, 2, ms) == 0;
    if (p[1].revents & POLLIN)
        (void)!read(t->wake_fd, &count, sizeof count);
    if (p[0].revents & (POLLRDHUP | POLLHUP | POLLERR))
        return false;
    return !(p[0].revents & POLLIN) || listen_to(t);
}

static bool none_left(struct tail *t)
{
    pthread_mutex_lock(&t->lock);
    bool none = t->left == 0;
    pthread_mutex_unlock(&t->lock);
    return none;
}

/* The last lines of all, cut to the number that was asked for. */
static bool send_first(struct tail *t)
{
    int64_t until_ms = clock_mono_ms() + FIRST_MS;
    struct log_batch b = {.whole = true};
    bool all = false, quiet;
    while (take(t, true, &b, &all) && !all) {
        int64_t left = until_ms - clock_mono_ms();
        if (left <= 0)
            break;
        if (!wait_for(t, (int)left, &quiet))
            return false;
    }
    if (!all && !take(t, false, &b, &all))
        return false;
    bool good = send_lines(t, &b);
    log_batch_done(&b);
    return good;
}

static bool send_next(struct tail *t)
{
    struct log_batch b = {.whole = true};
    bool all;
    bool good = take(t, false, &b, &all);
    log_batch_settle(&b, UINT32_MAX, true);
    good = good && send_lines(t, &b);
    log_batch_done(&b);
    return good;
}

static void serve(struct tail *t)
{
    bool quiet = false;
    if (!send_all(t, t->head, strlen(t->head)) || !send_first(t))
        return;
    while (!is_expired(t)) {
        if (!wait_for(t, HEARTBEAT_MS, &quiet))
            return;
        if (!(quiet ? send_all(t, ":\n\n", 3) : send_next(t)))
            return;
        if (none_left(t)) /* nodes are away: clients come back by themselves */
            return;
    }
}

/* The end may come from elsewhere while the client leaves. */
static bool is_told_goodbye(struct tail *t)
{
    pthread_mutex_lock(&t->lock);
    bool told = t->goodbye;
    pthread_mutex_unlock(&t->lock);
    return told;
}

static void say_goodbye(struct tail *t)
{
    char text[96];
    int n = snprintf(text, sizeof text, "retry: %u\nevent: goodbye\ndata: {}\n\n",
                     RETRY_MS + rand_below(RETRY_MS * 2));
    (void)!send(t->fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void tail_free(struct tail *t)
{
    asking_release(&t->asking);
    log_batch_done(&t->store);
    position_done(&t->last);
    logs_request_done(&t->request);
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
    close(t->fd);
    close(t->wake_fd);
    mem_free(t->head);
    mem_free(t);
}

static void *run(void *arg)
{
    struct tail *t = arg;
    struct logs *l = t->logs;
    pthread_setname_np(pthread_self(), "log-tail");
    asking_start(&t->asking, l);
    serve(t);
    if (is_told_goodbye(t))
        say_goodbye(t);
    shutdown(t->fd, SHUT_RDWR);
    asking_cancel(&t->asking);
    pthread_mutex_lock(&t->lock);
    while (t->left)
        pthread_cond_wait(&t->changed, &t->lock);
    pthread_mutex_unlock(&t->lock);
    logs_forget_tail(l, t);
    tail_free(t);
    return NULL;
}

/* --- making one --- */

static struct tail *tail_new(struct logs *l, struct logs_request *q,
                             const struct logs_tail_draft *d)
{
    struct tail *t = mem_alloc(sizeof *t);
    t->logs = l;
    t->request = *q;
    *q = (struct logs_request){0};
    t->fd = d->fd;
    t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    t->head = mem_printf("%sretry: %d\n\n", d->head, RETRY_MS);
    str_copy(t->subject, sizeof t->subject, d->subject);
    t->expires_wall_ms = d->expires_wall_ms;
    t->store.whole = true;
    t->is_open = t->request.cursor != NULL;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, NULL);
    t->asking = (struct asking){.batch = on_batch, .done = on_done, .arg = t};
    asking_init(&t->asking, &t->request, LOG_MODE_FOLLOW);
    t->left = t->asking.n;
    return t;
}

static bool enlist(struct logs *l, struct tail *t)
{
    pthread_mutex_lock(&l->lock);
    bool room = !l->ending && l->tails.n < l->hooks.tails_max && t->wake_fd >= 0;
    if (room)
        *vec_add(&l->tails) = t;
    pthread_mutex_unlock(&l->lock);
    return room;
}

int logs_tail(struct logs *l, struct logs_request *q, const struct logs_tail_draft *d)
{
    struct tail *t = tail_new(l, q, d);
    pthread_t thread;
    pthread_attr_t a;
    if (!enlist(l, t)) {
        tail_free(t);
        return -EMFILE;
    }
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, STACK_SIZE);
    pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
    int r = pthread_create(&thread, &a, run, t);
    pthread_attr_destroy(&a);
    if (r == 0)
        return 0;
    logs_forget_tail(l, t);
    tail_free(t);
    return -r;
}
