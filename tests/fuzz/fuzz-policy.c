/* agent.yaml: a policy of whole rules, or an error that names the file. */
#include "fuzz.h"

#include "node/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {0};
    struct policy *p;
    if (policy_parse("x.yaml", (const char *)data, size, &e, &p) < 0) {
        FUZZ_CHECK(str_starts(e.text, "x.yaml"));
        return 0;
    }
    for (size_t i = 0; i < p->rules.n; i++)
        FUZZ_CHECK(p->rules.v[i].verbs.n > 0);
    FUZZ_CHECK(policy_check(p, "unit.stop", "systemd/dbus.service", &e) == -EACCES);
    (void)!policy_check(p, "container.update", "docker/plex", &e);
    policy_free(p);
    return 0;
}
