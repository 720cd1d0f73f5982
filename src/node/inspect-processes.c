/* The whole tree of processes, which the table of the top ones is not. */
#include "node/inspect-private.h"
#include "node/process-tree.h"

enum { PAUSE_MS = 300 };

struct question {
    char *root;
    struct owners *owners; /* as they are now: the node's own are the loop's */
};

static int tell(void *arg, struct jw *w, struct err *e)
{
    const struct question *q = arg;
    return process_tree_print(
        &(struct tree_settings){.root = q->root, .owners = q->owners, .pause_ms = PAUSE_MS}, w, e);
}

static void free_question(void *arg)
{
    struct question *q = arg;
    owners_free(q->owners);
    mem_free(q->root);
    mem_free(q);
}

static void start(struct inspect *i)
{
    struct question *q = mem_alloc(sizeof *q);
    q->root = mem_strdup(i->node->settings.root);
    q->owners = owners_copy(i->node->owners);
    inspect_on_thread(i, tell, q, free_question);
}

const struct inspect_ops processes_inspect = {.start = start};
