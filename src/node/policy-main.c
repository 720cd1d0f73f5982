#include "node/policy.h"

#include <stdio.h>

int policy_main(int argc, char **argv)
{
    struct err e = {0};
    if (argc != 4) {
        fprintf(stderr, "usage: %s allows ACTION TARGET\n", argv[0]);
        return 2;
    }
    AUTO(policy_freep) struct policy *p = policy_load(POLICY_USUAL_PATH, false);
    int r = policy_check(p, argv[2], argv[3], &e);
    if (r < 0)
        fprintf(stderr, "%s\n", err_text(&e, r));
    return r < 0 ? 1 : 0;
}
