/* What logs take up: the journal, and the files in which Docker keeps what containers print, which
 * root's helper looks at. */
#include "node/commands.h"
#include "node/container-logs.h"
#include "node/docker.h"
#include "node/inspect-report.h"
#include "node/journal-usage.h"

#include <unistd.h>

/* What is asked, by whom. */
struct order {
    struct inspect_report report;
    char *root;
    struct policy *policy;
    bool has_docker;
};

/* By root's report where there is one, else by looking. */
static int read_containers(const struct order *o, struct err *e, struct container_logs *ret_l)
{
    if (!o->has_docker)
        return err_set(e, -ENOENT, "There is no Docker on this machine.");
    if (o->report.trouble)
        return err_set(e, -EIO, "%s", o->report.trouble);
    if (o->report.text && container_logs_parse(o->report.text, ret_l) < 0)
        return err_set(e, -EIO,
                       "hydra-agent-helper answered something else; see to it that it is "
                       "of the agent's version.");
    return o->report.text ? 0 : container_logs_read(e, ret_l);
}

static int tell(void *arg, struct jw *w, struct err *e)
{
    const struct order *o = arg;
    struct err no_journal = {0}, no_logs = {0};
    struct journal_usage u = {0};
    AUTO(container_logs_done) struct container_logs l = {0};
    int journal = journal_usage_read(o->root, &no_journal, &u);
    int logs = read_containers(o, &no_logs, &l);
    if (journal == -ENOENT && !o->has_docker)
        return err_set(e, -EOPNOTSUPP, "This machine keeps no journal and has no Docker.");
    jw_object(w);
    jw_key(w, "journal");
    if (journal >= 0)
        journal_usage_print(&u, w);
    else
        jw_null(w);
    jw_key_str(w, "journal_text", journal < 0 ? no_journal.text : NULL);
    jw_key(w, "containers");
    if (logs >= 0)
        container_logs_tell(&l, o->policy, w);
    else
        jw_null(w);
    jw_key_str(w, "containers_text", logs < 0 ? no_logs.text : NULL);
    jw_end_object(w);
    return 0;
}

/* --- who looks --- */

static void free_order(void *arg)
{
    struct order *o = arg;
    inspect_report_done(&o->report);
    mem_free(o->root);
    policy_free(o->policy);
    mem_free(o);
}

static void start(struct inspect *i)
{
    struct order *o = mem_alloc(sizeof *o);
    o->root = mem_strdup(i->node->settings.root);
    o->policy = policy_copy(commands_policy(i->node));
    o->has_docker = docker_is_own(i->node);
    if (o->has_docker && geteuid() != 0 && !*o->root)
        inspect_with_report(i, &o->report, ROOT_LOGS, ROOT_LOGS_ID, tell, o, free_order);
    else
        inspect_on_thread(i, tell, o, free_order);
}

static void stop(struct inspect *i)
{
    if (i->state)
        free_order(TAKE(i->state));
}

const struct inspect_ops log_usage_inspect = {.start = start, .stop = stop};
