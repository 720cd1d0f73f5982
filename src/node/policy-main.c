#include "node/root-request.h"

#include <stdio.h>

/* A unit of the helper's stands for what it is told to do. */
static int check(const struct policy *p, const char *verb, const char *target, struct err *e)
{
    struct root_request request;
    AUTO(mem_freep)
    char *instance = str_eq(verb, "unit.start") ? root_unit_instance(target) : NULL;
    if (!instance)
        return policy_check(p, verb, target, e);
    if (root_request_parse(instance, &request) < 0)
        return err_set(e, -EINVAL, "%s asks for nothing that there is.", target);
    return root_request_check(&request, p, e);
}

int policy_main(int argc, char **argv)
{
    struct err e = {0};
    if (argc != 4) {
        fprintf(stderr, "usage: %s allows ACTION TARGET\n", argv[0]);
        return 2;
    }
    AUTO(policy_freep) struct policy *p = policy_load(POLICY_USUAL_PATH, false);
    int r = check(p, argv[2], argv[3], &e);
    if (r < 0)
        fprintf(stderr, "%s\n", err_text(&e, r));
    return r < 0 ? 1 : 0;
}
