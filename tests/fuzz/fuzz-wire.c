/* What an agent says: any bytes as FromAgent. A report that is taken must survive being sent on. */
#include "fuzz.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_values down = {0};
    struct node_report r;
    struct err e = {0};
    PB(FromAgent) *m = hydra__agent__v1__from_agent__unpack(NULL, size, data);
    if (m && wire_report_take(&down, m, &e, &r) == 1) {
        send_on(&r);
        node_report_free(&r);
    }
    if (m)
        hydra__agent__v1__from_agent__free_unpacked(m, NULL);
    wire_values_done(&down);
    return 0;
}
