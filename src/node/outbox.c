#include "node/outbox.h"

#include <sodium.h>

void outbox_init(struct outbox *b, struct node *n)
{
    *b = (struct outbox){.node = n};
}

void outbox_done(struct outbox *b)
{
    map_done(&b->told, mem_free);
    str_done(&b->scratch);
}

static void add_text(struct str *s, const char *text)
{
    str_add(s, text ? text : "\x01");
    str_add_char(s, 0x1f);
}

static void add_list(struct str *s, const struct str_list *l)
{
    str_addf(s, "%zu:", l->n);
    for (size_t i = 0; i < l->n; i++)
        add_text(s, l->v[i]);
}

static void add_members(struct str *s, const struct observed *o)
{
    const char *texts[] = {o->id,           o->engine,  o->name,        o->description,
                           o->run_text,     o->why,     o->health_text, o->image,
                           o->image_id,     o->project, o->unit_file,   o->command,
                           o->container_id, o->cgroup};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        add_text(s, texts[i]);
    str_addf(s, "%d %d %d %lld %lld %d %d %d %d %d %u %d ", o->kind, o->run, o->health,
             (long long)o->started_ms, (long long)o->ended_ms, o->has_exit, o->oom_killed,
             o->enabled, o->on_purpose, o->exit_code, o->restarts, o->main_pid);
    for (size_t i = 0; i < o->ports.n; i++) {
        const struct observed_port *p = &o->ports.v[i];
        add_text(s, p->address);
        str_addf(s, "%u %u %d %d ", p->port, p->inner, p->udp, p->pid);
        add_text(s, p->process);
    }
    for (size_t i = 0; i < o->labels.n; i++) {
        add_text(s, o->labels.v[i].key);
        add_text(s, o->labels.v[i].value);
    }
    add_list(s, &o->depends_on);
    add_list(s, &o->mounts);
    add_list(s, &o->networks);
}

static uint64_t fingerprint(struct outbox *b, const struct observed *o)
{
    static const unsigned char key[crypto_shorthash_KEYBYTES];
    uint64_t hash;
    str_clear(&b->scratch);
    add_members(&b->scratch, o);
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)str_text(&b->scratch),
                     b->scratch.len, key);
    return hash;
}

bool outbox_put(struct outbox *b, struct observed *o)
{
    uint64_t hash = fingerprint(b, o);
    uint64_t *known = map_get(&b->told, o->id);
    if (known && *known == hash) {
        observed_free(o);
        return false;
    }
    if (known)
        *known = hash;
    else
        map_set(&b->told, o->id, mem_dup(&hash, sizeof hash));
    node_emit(b->node, (struct node_report){.kind = REPORT_SERVICE, .service = o});
    return true;
}

void outbox_gone(struct outbox *b, const char *id)
{
    uint64_t *known = map_remove(&b->told, id);
    if (!known)
        return;
    mem_free(known);
    node_emit(b->node, (struct node_report){.kind = REPORT_SERVICE_GONE, .gone = mem_strdup(id)});
}

bool outbox_has(const struct outbox *b, const char *id)
{
    return map_get(&b->told, id) != NULL;
}
