/* What it means that a service answers here and not there. */
#include "../test.h"

#include "base/mem.h"
#include "cluster/reach-words.h"

#include <string.h>

enum { NONE = -2, MUTE = -1 };

static void test_all(void **state)
{
    (void)state;
    static const struct {
        int itself, other; /* a result, MUTE = not asked, NONE = there is no other */
        bool loopback;
        const char *says;
    } table[] = {
        {REACH_REACHED, REACH_REACHED, false, "It answers, on nas itself and from hub."},
        {REACH_REACHED, REACH_REFUSED, false, "a firewall rejects port 80"},
        {REACH_REACHED, REACH_REFUSED, true, "It answers on nas alone: it listens on loopback."},
        {REACH_REACHED, REACH_TIMED_OUT, false, "a firewall drops what goes to port 80"},
        {REACH_REACHED, REACH_UNREACHABLE, false, "hub finds no way there"},
        {REACH_REACHED, REACH_NOT_RESOLVED, false, "hub finds no way there"},
        {REACH_REACHED, NONE, false, "no other node could be asked"},
        {REACH_REFUSED, REACH_REACHED, false, "It answers hub, but not on nas itself"},
        {REACH_REFUSED, REACH_REFUSED, false, "Nobody listens on port 80 of nas."},
        {REACH_REFUSED, REACH_TIMED_OUT, false, "Nobody listens on port 80 of nas."},
        {REACH_REFUSED, NONE, false, "Nobody listens on port 80 of nas."},
        {REACH_TIMED_OUT, REACH_TIMED_OUT, false, "It does not answer even on nas itself"},
        {MUTE, REACH_REACHED, false, "It answers from elsewhere; nas could not be asked."},
        {REACH_REACHED, MUTE, false, "It answers on its own node; hub could not be asked."},
        {REACH_REFUSED, MUTE, false, "It does not answer on its own node; hub could not be asked."},
        {MUTE, MUTE, false, "nas could not be asked."},
        {MUTE, NONE, false, "nas could not be asked."},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct reach_side itself = {"nas", table[i].itself >= 0,
                                          (enum reach_result)table[i].itself},
                                other = {"hub", table[i].other >= 0,
                                         (enum reach_result)table[i].other};
        char *said =
            reach_words(&itself, table[i].other == NONE ? NULL : &other, 80, table[i].loopback);
        if (!strstr(said, table[i].says))
            fail_msg("%zu: %s", i, said);
        mem_free(said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
