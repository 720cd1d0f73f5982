/* What hydra-agent-helper does in one go: ordered, its steps told, and what it answered. */
#include "node/commands-private.h"
#include "node/docker.h"
#include "node/root-call.h"

enum { ROOT_WAIT_MS = 5 * 60 * 1000 };

struct root_order {
    struct action *a;
    struct root_request request;
    struct root_call *call;
};

/* The helper asks the machine's own Docker, by name: another engine may have a namesake. */
static int take_container(struct node *n, const char *target, struct err *e, struct root_request *r)
{
    static const char prefix[] = "docker/";
    const char *name = target + strlen(prefix);
    if (!str_starts(target, prefix))
        return err_set(e, -EINVAL,
                       "Only Docker's own logs of containers can be emptied, not those of %.*s.",
                       (int)strcspn(target, "/"), target);
    if (!docker_is_own(n))
        return err_set(e, -EINVAL,
                       "The agent watches a Docker elsewhere (docker_host): logs are emptied only "
                       "of the one at /run/docker.sock.");
    if (!container_name_is_valid(name) || !str_copy(r->name, sizeof r->name, name))
        return err_set(e, -EINVAL, "%.150s is no name of a container.", name);
    return 0;
}

static int take_order(struct node *n, const struct command *c, struct root_request *ret_r,
                      struct err *e)
{
    struct root_request r = {0};
    if (!str_copy(r.id, sizeof r.id, c->id))
        return err_set(e, -EINVAL, "The order's id is too long.");
    switch ((int)c->verb) {
    case COMMAND_MOUNT_REMOUNT:
        r.verb = ROOT_REMOUNT;
        root_hash(c->target, r.hash);
        break;
    case COMMAND_JOURNAL_VACUUM:
        r.verb = ROOT_VACUUM;
        if (command_read_vacuum(c->argument, e, &r.vacuum) < 0)
            return -EINVAL;
        break;
    case COMMAND_CONTAINER_TRUNCATE_LOG:
        r.verb = ROOT_EMPTY;
        if (take_container(n, c->target, e, &r) < 0)
            return -EINVAL;
        break;
    default:
        return err_set(e, -ENOSYS, "This agent does not know how; bring it up to date.");
    }
    *ret_r = r;
    return root_request_reads_back(&r, e);
}

static void on_step(void *arg, const char *step)
{
    struct root_order *o = arg;
    action_step(o->a, "%s", step);
}

static void on_answer(void *arg, const struct root_answer *answer, const char *trouble)
{
    struct root_order *o = arg;
    if (!answer)
        action_end(o->a, OUTCOME_FAILED, NULL, "%s", trouble);
    else
        action_end(o->a,
                   answer->state == ROOT_DONE      ? OUTCOME_DONE
                   : answer->state == ROOT_REFUSED ? OUTCOME_REFUSED
                                                   : OUTCOME_FAILED,
                   mem_strdup(answer->output), "%s", answer->text);
}

static void start(struct action *a)
{
    struct err e = {0};
    struct root_order *o = a->state = mem_alloc(sizeof *o);
    o->a = a;
    if (take_order(a->node, &a->command, &o->request, &e) < 0) {
        action_end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
        return;
    }
    action_step(a, "asking hydra-agent-helper");
    o->call = root_call_start(a->node, &o->request, on_answer, o);
    root_call_on_step(o->call, on_step);
}

/* What it had begun goes on without the agent. */
static void resume(struct action *a, const char *note)
{
    struct root_order *o = a->state = mem_alloc(sizeof *o);
    o->a = a;
    (void)note;
    (void)!take_order(a->node, &a->command, &o->request, NULL); /* it was taken before */
    o->call = root_call_watch(a->node, &o->request, on_answer, o);
    root_call_on_step(o->call, on_step);
}

static void stop(struct action *a)
{
    struct root_order *o = TAKE(a->state);
    if (o)
        root_call_free(o->call);
    mem_free(o);
}

static void bus_lost(struct action *a)
{
    struct root_order *o = a->state;
    root_call_bus_lost(o->call);
}

const struct action_ops root_action = {
    .deadline_ms = ROOT_WAIT_MS,
    .late = "hydra-agent-helper has not come to an end within 5 minutes: journalctl -u "
            "'hydra-root@*' on the node.",
    .start = start,
    .resume = resume,
    .stop = stop,
    .bus_lost = bus_lost,
};
