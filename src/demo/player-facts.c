/* The facts of a player's machine: told as recorded, at a later time. */
#include "demo/player-private.h"

#include "base/clock.h"

#define RECORDED_AT 1764000000000ll /* when the recordings were made */

void player_move_time(int64_t *ms)
{
    if (*ms)
        *ms += clock_wall_ms() - RECORDED_AT;
}

static struct node_facts *copy_facts(const struct node_facts *f)
{
    struct node_facts *c = mem_dup(f, sizeof *f);
    char **texts[] = {&c->hostname,       &c->os_name,   &c->os_id,          &c->kernel,
                      &c->arch,           &c->cpu_model, &c->boot_id,        &c->machine_id,
                      &c->virtualization, &c->time_zone, &c->pending_reboot, &c->agent_version};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = mem_strdup(*texts[i]);
    memset(&c->addresses, 0, sizeof c->addresses);
    memset(&c->macs, 0, sizeof c->macs);
    memset(&c->gpus, 0, sizeof c->gpus);
    str_list_copy(&c->addresses, &f->addresses);
    str_list_copy(&c->macs, &f->macs);
    for (size_t i = 0; i < f->gpus.n; i++) {
        struct gpu_facts *g = vec_add(&c->gpus);
        *g = f->gpus.v[i];
        g->id = mem_strdup(g->id);
        g->uuid = mem_strdup(g->uuid);
        g->name = mem_strdup(g->name);
        g->vendor = mem_strdup(g->vendor);
        g->driver = mem_strdup(g->driver);
    }
    return c;
}

void player_tell_facts(struct player *p)
{
    player_tell(p, (struct node_report){.kind = REPORT_FACTS, .facts = copy_facts(p->facts)});
}

void player_drop_facts(struct player *p)
{
    if (p->facts)
        node_report_free(&(struct node_report){.kind = REPORT_FACTS, .facts = TAKE(p->facts)});
}

void player_take_facts(struct player *p, struct node_facts *f)
{
    const json_t *macs = player_scenery(p, "macs");
    player_move_time(&f->boot_ms);
    for (size_t i = 0; i < json_array_size(macs); i++)
        str_list_add(&f->macs, json_string_value(json_array_get(macs, i)));
    const char *pending = json_get_str(p->settings.scenery, "pending_reboot", NULL);
    if (pending)
        mem_set_str(&f->pending_reboot, pending);
    player_drop_facts(p);
    p->facts = f;
    player_tell_facts(p);
}
