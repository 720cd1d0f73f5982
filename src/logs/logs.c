#include "logs/logs-private.h"

struct logs *logs_new(const struct logs_hooks *hooks)
{
    struct logs *l = mem_alloc(sizeof *l);
    l->hooks = *hooks;
    if (!l->hooks.tails_max)
        l->hooks.tails_max = LIMIT_LOG_TAILS;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->gone, NULL);
    return l;
}

bool logs_has_room(struct logs *l)
{
    pthread_mutex_lock(&l->lock);
    bool room = l->tails.n < l->hooks.tails_max;
    pthread_mutex_unlock(&l->lock);
    return room;
}

void logs_forget_tail(struct logs *l, struct tail *t)
{
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->tails.n; i++)
        if (l->tails.v[i] == t) {
            vec_remove_at(&l->tails, i);
            break;
        }
    pthread_cond_broadcast(&l->gone);
    pthread_mutex_unlock(&l->lock);
}

bool logs_add(struct logs *l, struct asking *a)
{
    pthread_mutex_lock(&l->lock);
    bool good = !l->ending;
    *vec_add(&l->askings) = a;
    pthread_mutex_unlock(&l->lock);
    return good;
}

void logs_forget(struct logs *l, struct asking *a)
{
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->askings.n; i++)
        if (l->askings.v[i] == a) {
            vec_remove_at(&l->askings, i);
            break;
        }
    pthread_cond_broadcast(&l->gone);
    pthread_mutex_unlock(&l->lock);
}

/* Those that `who` waits for; NULL = all. Outside the lock: cancelling may end one. */
static void cancel_askings(struct logs *l, const void *who)
{
    VEC(struct log_reader *) readers = {0};
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->askings.n; i++)
        for (unsigned k = 0; k < l->askings.v[i]->n; k++)
            if (!who || who == l->askings.v[i]->who)
                *vec_add(&readers) = log_reader_ref(l->askings.v[i]->asks[k].reader);
    pthread_mutex_unlock(&l->lock);
    for (size_t i = 0; i < readers.n; i++) {
        log_reader_cancel(readers.v[i]);
        log_reader_unref(readers.v[i]);
    }
    vec_done(&readers);
}

void logs_leave(struct logs *l, const void *arg)
{
    cancel_askings(l, arg);
}

/* Under the lock no tail is freed. */
void logs_revoke(struct logs *l, const char *subject)
{
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->tails.n; i++)
        if (str_eq(tail_subject(l->tails.v[i]), subject))
            tail_end(l->tails.v[i], false);
    pthread_mutex_unlock(&l->lock);
}

void logs_shutdown(struct logs *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->ending = true;
    for (size_t i = 0; i < l->tails.n; i++)
        tail_end(l->tails.v[i], true);
    pthread_mutex_unlock(&l->lock);
    cancel_askings(l, NULL);
}

bool logs_is_idle(struct logs *l)
{
    pthread_mutex_lock(&l->lock);
    bool idle = !l->tails.n && !l->askings.n;
    pthread_mutex_unlock(&l->lock);
    return idle;
}

void logs_free(struct logs *l)
{
    if (!l)
        return;
    logs_shutdown(l);
    pthread_mutex_lock(&l->lock);
    while (l->tails.n || l->askings.n)
        pthread_cond_wait(&l->gone, &l->lock);
    pthread_mutex_unlock(&l->lock);
    vec_done(&l->tails);
    vec_done(&l->askings);
    pthread_cond_destroy(&l->gone);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}
