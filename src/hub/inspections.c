#include "hub/inspections.h"

#include "base/clock.h"
#include "base/rand.h"
#include "base/vec.h"

enum { LOOK_MS = 500 };

struct asked {
    uint64_t id;
    char *node;
    int64_t until_ms; /* mono */
    inspect_fn *done;
    void *arg;
};

struct inspections {
    struct loop_timer *timer;
    VEC(struct asked) list;
    void (*give_up)(void *arg, const char *node, uint64_t id);
    void *arg;
    uint64_t last; /* id; begins anywhere, so that a late answer to a hub before is nobody's */
    bool ended;
};

/* From here on the list may be another. */
static void answer_at(struct inspections *s, size_t i, const struct inspect_answer *a)
{
    struct asked k = s->list.v[i];
    vec_remove_at(&s->list, i);
    k.done(k.arg, k.id, a);
    mem_free(k.node);
}

static void refuse_at(struct inspections *s, size_t i, int code, const char *why)
{
    answer_at(s, i, &(struct inspect_answer){.code = code, .text = why, .json = ""});
}

/* One for each turn: what an answer leads to may be anything. */
static bool end_late(struct inspections *s)
{
    for (size_t i = 0; i < s->list.n; i++) {
        struct asked k = s->list.v[i];
        if (k.until_ms > clock_mono_ms())
            continue;
        AUTO(mem_freep) char *node = mem_strdup(k.node);
        AUTO(mem_freep) char *why = mem_printf("%s does not answer.", node);
        refuse_at(s, i, -ETIMEDOUT, why);
        s->give_up(s->arg, node, k.id); /* may break the link, and that answers others */
        return true;
    }
    return false;
}

static void on_look(void *arg)
{
    while (end_late(arg)) {
    }
}

struct inspections *inspections_new(struct loop *loop,
                                    void (*give_up)(void *arg, const char *node, uint64_t id),
                                    void *arg)
{
    struct inspections *s = mem_alloc(sizeof *s);
    s->give_up = give_up;
    s->arg = arg;
    s->last = (uint64_t)rand_below(UINT32_MAX) << 32;
    s->timer = loop_timer_new(loop, LOOK_MS, LOOK_MS, on_look, s);
    return s;
}

void inspections_free(struct inspections *s)
{
    if (!s)
        return;
    vec_done(&s->list);
    mem_free(s);
}

static size_t count_of(const struct inspections *s, const char *node)
{
    size_t n = 0;
    for (size_t i = 0; i < s->list.n; i++)
        n += str_eq(s->list.v[i].node, node);
    return n;
}

uint64_t inspections_add(struct inspections *s, const char *node, const struct inspection *q,
                         inspect_fn *done, void *arg)
{
    struct inspect_answer no = {.code = s->ended ? -ESHUTDOWN : -EAGAIN,
                                .text = s->ended ? "Hydra is being stopped."
                                                 : "Too much is asked of the nodes at once. Try "
                                                   "again later.",
                                .json = ""};
    if (s->ended || s->list.n >= LIMIT_INSPECTIONS_ASKED ||
        count_of(s, node) >= LIMIT_INSPECTIONS) {
        done(arg, 0, &no);
        return 0;
    }
    struct asked *k = vec_add(&s->list);
    uint32_t ms = q->timeout_ms ? q->timeout_ms : inspect_timeout_ms(q->kind);
    k->id = ++s->last;
    k->until_ms = clock_mono_ms() + ms + INSPECTION_GRACE_MS;
    k->done = done;
    k->arg = arg;
    k->node = mem_strdup(node);
    return k->id;
}

void inspections_answer(struct inspections *s, const char *node, uint64_t id,
                        const struct inspect_answer *a)
{
    for (size_t i = 0; i < s->list.n; i++)
        if (s->list.v[i].id == id && str_eq(s->list.v[i].node, node)) {
            answer_at(s, i, a);
            return;
        }
}

void inspections_cancel(struct inspections *s, inspect_fn *done, const void *arg)
{
    for (size_t i = 0; i < s->list.n; i++) {
        if (s->list.v[i].done != done || s->list.v[i].arg != arg)
            continue;
        uint64_t id = s->list.v[i].id;
        AUTO(mem_freep) char *node = mem_strdup(s->list.v[i].node);
        refuse_at(s, i, -ECANCELED, "Nobody waits for the answer any more.");
        s->give_up(s->arg, node, id);
        return;
    }
}

void inspections_lose(struct inspections *s, const char *node)
{
    AUTO(mem_freep) char *why = mem_printf("The connection to %s broke off.", node);
    for (size_t i = 0; i < s->list.n;) {
        if (!str_eq(s->list.v[i].node, node)) {
            i++;
            continue;
        }
        refuse_at(s, i, -ENOTCONN, why);
        i = 0;
    }
}

void inspections_end(struct inspections *s)
{
    s->ended = true;
    loop_timer_free(TAKE(s->timer));
    while (s->list.n)
        refuse_at(s, 0, -ESHUTDOWN, "Hydra is being stopped.");
}
