/* The state of a switch: whole and written back the same, or an error. And what root is asked for.
 */
#include "fuzz.h"

#include "node/nix-store.h"
#include "node/root-request.h"

static void check_state(const char *text, size_t size)
{
    struct err e = {0};
    struct switch_state s = {0}, again = {0};
    if (switch_state_parse(text, size, &e, &s) < 0) {
        FUZZ_CHECK(*e.text);
        return;
    }
    FUZZ_CHECK(nix_is_store_path(s.from) && nix_is_store_path(s.to));
    FUZZ_CHECK(s.phase < SWITCH_PHASES && s.within_s >= SWITCH_WITHIN_MIN_S && *s.id);
    struct str out = {0};
    switch_state_print(&s, &out);
    FUZZ_CHECK(switch_state_parse(out.p, out.len, &e, &again) == 0);
    FUZZ_CHECK(str_eq(s.id, again.id) && str_eq(s.to, again.to) && s.phase == again.phase);
    switch_state_done(&s);
    switch_state_done(&again);
    str_done(&out);
}

static void check_request(const char *text, size_t size)
{
    struct root_request r;
    AUTO(mem_freep) char *instance = mem_strndup(text, size);
    if (root_request_parse(instance, &r) < 0)
        return;
    AUTO(mem_freep) char *unit = root_request_unit(&r);
    AUTO(mem_freep) char *back = root_unit_instance(unit);
    FUZZ_CHECK(back && strlen(unit) < 256);
    FUZZ_CHECK(root_request_parse(back, &r) == 0);
}

static void check_answer(const char *text, size_t size)
{
    struct root_answer a = {0};
    if (root_answer_parse(text, size, &a) >= 0)
        FUZZ_CHECK(a.text && a.output && a.state <= ROOT_FAILED && !strchr(a.text, '\n'));
    root_answer_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_state((const char *)data, size);
    check_request((const char *)data, size);
    check_answer((const char *)data, size);
    return 0;
}
