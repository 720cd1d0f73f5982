#include "../test.h"

#include "node/wire.h"

static PB(FromAgent) * answer(const struct inspect_answer *a)
{
    AUTO(str_done) struct str out = {0};
    wire_inspected_print(42, a, &out);
    PB(FromAgent) *m = hydra__agent__v1__from_agent__unpack(NULL, out.len, (uint8_t *)out.p);
    assert_int_equal(m->body_case, HYDRA__AGENT__V1__FROM_AGENT__BODY_INSPECTED);
    assert_true(m->inspected->id == 42);
    return m;
}

static void test_question_there_and_back(void **state)
{
    (void)state;
    const struct inspection q = {.kind = INSPECT_DOCKER_USAGE,
                                 .target = (char *)"docker",
                                 .argument = (char *)"a",
                                 .timeout_ms = 5000};
    struct inspection back;
    struct err e = {0};
    AUTO(str_done) struct str out = {0};
    wire_inspect_print(42, &q, &out);
    PB(FromHub) *m = hydra__agent__v1__from_hub__unpack(NULL, out.len, (uint8_t *)out.p);
    assert_true(m->inspect->id == 42);
    assert_int_equal(wire_inspect_take(m->inspect, &e, &back), 0);
    assert_int_equal(back.kind, INSPECT_DOCKER_USAGE);
    assert_string_equal(back.target, "docker");
    assert_string_equal(back.argument, "a");
    assert_int_equal(back.timeout_ms, 5000);
    inspection_done(&back);
    char long_text[LIMIT_INSPECT_TEXT + 2], *was = m->inspect->target;
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    m->inspect->target = long_text;
    assert_int_equal(wire_inspect_take(m->inspect, &e, &back), -EBADMSG);
    m->inspect->target = was;
    was = m->inspect->kind;
    m->inspect->kind = (char *)"of-a-newer-hub";
    assert_int_equal(wire_inspect_take(m->inspect, &e, &back), -ENOSYS);
    m->inspect->kind = was;
    hydra__agent__v1__from_hub__free_unpacked(m, NULL);
}

static void test_answers_there_and_back(void **state)
{
    (void)state;
    static const int codes[] = {-EIO,        -EINVAL,    -ENOENT, -EACCES,
                                -EOPNOTSUPP, -ETIMEDOUT, -EAGAIN, -ENOSYS};
    struct inspect_answer back;
    struct err e = {0};
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        PB(FromAgent) *m =
            answer(&(struct inspect_answer){.code = codes[i], .text = "Because.", .json = ""});
        assert_int_equal(wire_inspected_take(m->inspected, &e, &back), 0);
        assert_int_equal(back.code, codes[i]);
        assert_string_equal(back.text, "Because.");
        hydra__agent__v1__from_agent__free_unpacked(m, NULL);
    }
    PB(FromAgent) *m = answer(&(struct inspect_answer){.text = "", .json = "{\"a\":1}", .len = 7});
    assert_int_equal(wire_inspected_take(m->inspected, &e, &back), 0);
    assert_int_equal(back.code, 0);
    assert_memory_equal(back.json, "{\"a\":1}", back.len);
    hydra__agent__v1__from_agent__free_unpacked(m, NULL);
    m = answer(&(struct inspect_answer){.code = -ENOTCONN, .text = "Odd.", .json = ""});
    assert_int_equal(wire_inspected_take(m->inspected, &e, &back), 0);
    assert_int_equal(back.code, -EIO);
    hydra__agent__v1__from_agent__free_unpacked(m, NULL);
}

static void test_what_makes_no_sense(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "[]", "{", "{\"a\":\"\xff\"}", "{\"a\":1,\"a\":2}"};
    struct inspect_answer back;
    struct err e = {0};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        PB(FromAgent) *m =
            answer(&(struct inspect_answer){.text = "", .json = bad[i], .len = strlen(bad[i])});
        assert_int_equal(wire_inspected_take(m->inspected, &e, &back), -EBADMSG);
        hydra__agent__v1__from_agent__free_unpacked(m, NULL);
    }
    PB(FromAgent) *m = answer(&(struct inspect_answer){.code = -EIO, .text = "", .json = ""});
    assert_int_equal(wire_inspected_take(m->inspected, &e, &back), -EBADMSG);
    hydra__agent__v1__from_agent__free_unpacked(m, NULL);
}

/* An object of three bytes is a hundred times as many as a tree. */
static void test_no_more_values_than_real_ones_have(void **state)
{
    static const struct {
        size_t values;
        int result;
    } cases[] = {{1000, 0}, {LIMIT_INSPECT_VALUES / 2 - 2, 0}, {LIMIT_INSPECT_VALUES, -EBADMSG}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct inspect_answer back;
        AUTO(str_done) struct str json = {0};
        str_add(&json, "{\"a\":[{}");
        for (size_t n = 1; n < cases[i].values; n++)
            str_add(&json, ",{}");
        str_add(&json, "]}");
        PB(FromAgent) *m =
            answer(&(struct inspect_answer){.json = str_text(&json), .len = json.len});
        assert_int_equal(wire_inspected_take(m->inspected, NULL, &back), cases[i].result);
        hydra__agent__v1__from_agent__free_unpacked(m, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_more_values_than_real_ones_have),
        cmocka_unit_test(test_question_there_and_back),
        cmocka_unit_test(test_answers_there_and_back),
        cmocka_unit_test(test_what_makes_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
