/* What an agent says: any bytes as FromAgent. A report that is taken must survive being sent on. */
#include "fuzz.h"

#include "base/json.h"
#include "node/wire.h"

static void send_on(struct node_report *r)
{
    struct wire_values up = {0};
    struct str out = {0};
    wire_report_print(&up, r, 1, false, &out);
    PB(FromAgent) *m = hydra__agent__v1__from_agent__unpack(NULL, out.len, (uint8_t *)out.p);
    FUZZ_CHECK(m);
    hydra__agent__v1__from_agent__free_unpacked(m, NULL);
    str_done(&out);
    wire_values_done(&up);
}

/* What is given out as JSON is JSON, and survives being sent on. */
static void take_answer(const PB(Inspected) * inspected)
{
    struct inspect_answer a;
    struct str out = {0};
    json_t *v = NULL;
    if (wire_inspected_take(inspected, NULL, &a) < 0)
        return;
    FUZZ_CHECK(a.code < 0 ? *a.text != 0
                          : json_parse(a.json, a.len, LIMIT_INSPECT_ANSWER, NULL, &v) == 0);
    json_decref(v);
    wire_inspected_print(inspected->id, &a, &out);
    PB(FromAgent) *m = hydra__agent__v1__from_agent__unpack(NULL, out.len, (uint8_t *)out.p);
    FUZZ_CHECK(m && wire_inspected_take(m->inspected, NULL, &a) == 0);
    hydra__agent__v1__from_agent__free_unpacked(m, NULL);
    str_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_values down = {0};
    struct node_report r;
    struct err e = {0};
    PB(FromAgent) *m = WIRE_UNPACK(from_agent, data, size);
    if (m && wire_report_take(&down, m, &e, &r) == 1) {
        send_on(&r);
        node_report_free(&r);
    }
    if (m && m->body_case == HYDRA__AGENT__V1__FROM_AGENT__BODY_INSPECTED)
        take_answer(m->inspected);
    if (m)
        hydra__agent__v1__from_agent__free_unpacked(m, NULL);
    wire_values_done(&down);
    return 0;
}
