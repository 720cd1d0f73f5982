#include "hub/networks.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"

enum { LIMIT_NETWORK = 64 << 10 };

struct networks {
    struct store *store;
    struct workers *workers;
    struct map told; /* node → its JSON, as it was last written or is being written */
};

struct writing {
    struct store *store;
    char *key, *value;
};

struct networks *networks_new(struct store *store, struct workers *workers)
{
    struct networks *n = mem_alloc(sizeof *n);
    n->store = store;
    n->workers = workers;
    return n;
}

void networks_free(struct networks *n)
{
    if (!n)
        return;
    map_done(&n->told, mem_free);
    mem_free(n);
}

/* --- writing --- */

static int write_row(const struct writing *k, struct err *e)
{
    AUTO(store_givep) struct db *db = NULL;
    int r = store_take(k->store, e, &db);
    if (r < 0)
        return r;
    return db_exec(db, e,
                   "INSERT INTO settings (key, value, changed_ms) VALUES ($1, $2, $3) ON CONFLICT "
                   "(key) DO UPDATE SET value = excluded.value, changed_ms = excluded.changed_ms",
                   "ssi", k->key, k->value, clock_wall_ms());
}

static void write_on_worker(void *arg)
{
    struct writing *k = arg;
    struct err e = {0};
    if (write_row(k, &e) < 0)
        log_warn("hub", "network cards not kept", "key=%s error=%s", k->key, LOG_Q(e.text));
    mem_free(k->key);
    mem_free(k->value);
    mem_free(k);
}

static char *print(const struct node_facts *f)
{
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    jw_key_strs(&w, "macs", &f->macs);
    jw_key_strs(&w, "addresses", &f->addresses);
    jw_end_object(&w);
    return str_take(&out);
}

void networks_keep(struct networks *n, const char *node, const struct node_facts *f)
{
    if (!f->macs.n)
        return;
    AUTO(mem_freep) char *value = print(f);
    const char *told = map_get(&n->told, node);
    if (str_eq(told, value) || strlen(value) > LIMIT_NETWORK)
        return;
    struct writing *k = mem_alloc(sizeof *k);
    *k = (struct writing){n->store, mem_printf("network/%s", node), mem_strdup(value)};
    if (workers_submit(n->workers, write_on_worker, k) < 0) {
        mem_free(k->key);
        mem_free(k->value);
        mem_free(k);
        return;
    }
    mem_free(map_set(&n->told, node, TAKE(value)));
}

/* --- recalling --- */

static void read_list(const json_t *v, const char *key, struct str_list *ret)
{
    const json_t *list = json_object_get(v, key);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_is_string(json_array_get(list, i)))
            str_list_add(ret, json_string_value(json_array_get(list, i)));
}

static void recall(struct networks *n, struct cluster *c, const char *node, const char *value)
{
    AUTO(json_decrefp) json_t *v = NULL;
    struct str_list macs = {0}, addresses = {0};
    if (json_parse(value, strlen(value), LIMIT_NETWORK, NULL, &v) < 0)
        return;
    read_list(v, "macs", &macs);
    read_list(v, "addresses", &addresses);
    cluster_recall_network(c, node, &macs, &addresses);
    mem_free(map_set(&n->told, node, mem_strdup(value)));
    str_list_done(&macs);
    str_list_done(&addresses);
}

int networks_recall(struct networks *n, struct cluster *c, struct err *e)
{
    AUTO(store_givep) struct db *db = NULL;
    AUTO(rows_freep) struct rows *rows = NULL;
    static const char prefix[] = "network/";
    int r = store_take(n->store, e, &db);
    if (r >= 0)
        r = db_query(db, e, "SELECT key, value FROM settings WHERE key LIKE 'network/%'", &rows,
                     "");
    while (r >= 0 && (r = rows_next(rows, e)) > 0)
        recall(n, c, rows_text(rows, 0) + strlen(prefix), rows_text(rows, 1));
    return r;
}
