#include "cli/list.h"
#include "cli/verbs.h"

int verb_call(struct invocation *v, const char *method, const char *collection, const char *id,
              const json_t *body, json_t **ret_answer)
{
    struct err e = {0};
    struct client *c = NULL;
    struct str path = {0};
    str_addf(&path, "/api/cli/%s%s", collection, id ? "/" : "");
    path_add(&path, id ? id : "");
    int r = client_new(v, &e, &c);
    if (r >= 0)
        r = client_call(c, method, path.p, body, &e, ret_answer);
    client_free(c);
    str_done(&path);
    return r < 0 ? verb_fail(&e, r) : 0;
}
