#include "api/process-service.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ANSWER_MS = 3000 }; /* a worker waits so long */

/* Shared by the worker that waits and the loop that answers; who lets go last frees it. */
struct asking {
    struct api *api;
    char *node, *answer; /* NULL = it has none */
    size_t len;
    pthread_mutex_t lock;
    pthread_cond_t told;
    bool is_told;
    atomic_uint holders;
};

static void let_go(struct asking *k)
{
    if (atomic_fetch_sub(&k->holders, 1) > 1)
        return;
    pthread_cond_destroy(&k->told);
    pthread_mutex_destroy(&k->lock);
    mem_free(k->node);
    mem_free(k->answer);
    mem_free(k);
}

char *process_service_of(const char *node, const char *target, const char *json, size_t len)
{
    AUTO(json_decrefp) json_t *tree = NULL;
    size_t i;
    const json_t *p;
    if (json_parse(json, len, LIMIT_INSPECT_ANSWER, NULL, &tree) < 0)
        return NULL;
    json_array_foreach (json_object_get(tree, "processes"), i, p) {
        const char *service = json_get_str(p, "service", "");
        if (str_eq(json_get_str(p, "target", ""), target))
            return *service ? mem_printf("%s/%s", node, service) : mem_strdup("");
    }
    return json_get_bool(tree, "cut", false) ? NULL : mem_strdup("");
}

static void on_answer(void *arg, uint64_t id, const struct inspect_answer *a)
{
    struct asking *k = arg;
    (void)id;
    pthread_mutex_lock(&k->lock);
    if (a->code >= 0) {
        k->answer = mem_dup(a->json, a->len);
        k->len = a->len;
    }
    k->is_told = true;
    pthread_cond_signal(&k->told);
    pthread_mutex_unlock(&k->lock);
    let_go(k);
}

static void ask_on_loop(void *arg)
{
    struct asking *k = arg;
    const struct inspection q = {.kind = INSPECT_PROCESSES,
                                 .target = (char *)"",
                                 .argument = (char *)"",
                                 .timeout_ms = ANSWER_MS};
    k->api->inspect(k->api->arg, k->node, &q, on_answer, k);
}

/* An answer always comes: from the node, or that it took too long. */
char *process_service(struct api *a, const char *node, const char *target)
{
    struct asking *k = mem_alloc(sizeof *k);
    k->api = a;
    k->node = mem_strdup(node);
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->told, NULL);
    atomic_init(&k->holders, 2);
    loop_call(a->loop, ask_on_loop, k);
    pthread_mutex_lock(&k->lock);
    while (!k->is_told)
        pthread_cond_wait(&k->told, &k->lock);
    AUTO(mem_freep) char *answer = TAKE(k->answer);
    size_t len = k->len;
    pthread_mutex_unlock(&k->lock);
    let_go(k);
    char *service = answer ? process_service_of(node, target, answer, len) : NULL;
    return service;
}
