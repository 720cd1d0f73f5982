/* What a hub says: any bytes as FromHub. Checks and commands that are taken must survive being sent
 * on. */
#include "fuzz.h"

#include "node/wire.h"

static PB(FromHub) * again(const struct str *out)
{
    PB(FromHub) *m = hydra__agent__v1__from_hub__unpack(NULL, out->len, (const uint8_t *)out->p);
    FUZZ_CHECK(m);
    return m;
}

static void take_checks(const PB(Checks) * checks)
{
    struct check_spec *v;
    struct str out = {0};
    size_t n;
    if (wire_checks_take(checks, NULL, &v, &n) < 0)
        return;
    wire_checks_print(v, n, &out);
    PB(FromHub) *m = again(&out);
    FUZZ_CHECK(m->checks->n_checks == n);
    hydra__agent__v1__from_hub__free_unpacked(m, NULL);
    str_done(&out);
    for (size_t i = 0; i < n; i++)
        check_spec_done(&v[i]);
    mem_free(v);
}

static void take_command(const PB(Command) * command)
{
    struct command c, d;
    struct str out = {0};
    if (wire_command_take(command, "tower", NULL, &c) < 0)
        return;
    wire_command_print(&c, "tower", &out);
    PB(FromHub) *m = again(&out);
    FUZZ_CHECK(wire_command_take(m->command, "tower", NULL, &d) == 0);
    FUZZ_CHECK(c.verb == d.verb && str_eq(c.id, d.id) && str_eq(c.target, d.target));
    hydra__agent__v1__from_hub__free_unpacked(m, NULL);
    str_done(&out);
    command_done(&c);
    command_done(&d);
}

static void take_question(const PB(Inspect) * inspect)
{
    struct inspection q, again_q;
    struct str out = {0};
    if (wire_inspect_take(inspect, NULL, &q) < 0)
        return;
    wire_inspect_print(inspect->id, &q, &out);
    PB(FromHub) *m = again(&out);
    FUZZ_CHECK(m->inspect->id == inspect->id);
    FUZZ_CHECK(wire_inspect_take(m->inspect, NULL, &again_q) == 0);
    FUZZ_CHECK(q.kind == again_q.kind && str_eq(q.target, again_q.target));
    hydra__agent__v1__from_hub__free_unpacked(m, NULL);
    str_done(&out);
    inspection_done(&q);
    inspection_done(&again_q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PB(FromHub) *m = hydra__agent__v1__from_hub__unpack(NULL, size, data);
    if (m && m->body_case == HYDRA__AGENT__V1__FROM_HUB__BODY_CHECKS)
        take_checks(m->checks);
    if (m && m->body_case == HYDRA__AGENT__V1__FROM_HUB__BODY_COMMAND)
        take_command(m->command);
    if (m && m->body_case == HYDRA__AGENT__V1__FROM_HUB__BODY_INSPECT)
        take_question(m->inspect);
    if (m)
        hydra__agent__v1__from_hub__free_unpacked(m, NULL);
    return 0;
}
