/* The biggest folders below one. */
#include "node/folders.h"
#include "node/inspect-private.h"

struct question {
    char *root, *path;
};

static int tell(void *arg, struct jw *w, struct err *e)
{
    const struct question *q = arg;
    return folders_print(q->root, q->path, FOLDERS_MS, w, e);
}

static void free_question(void *arg)
{
    struct question *q = arg;
    mem_free(q->root);
    mem_free(q->path);
    mem_free(q);
}

static void start(struct inspect *i)
{
    struct question *q = mem_alloc(sizeof *q);
    *q = (struct question){mem_strdup(i->node->settings.root), mem_strdup(i->q.target)};
    inspect_on_thread(i, tell, q, free_question);
}

const struct inspect_ops folders_inspect = {.start = start};
