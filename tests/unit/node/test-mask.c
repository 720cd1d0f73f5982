#include "../test.h"

#include "node/mask.h"

#include "base/str.h"

/* Arguments are separated by '|' here. */
static const struct {
    const char *args, *shown;
} cases[] = {
    {"nginx: worker process", "nginx: worker process"},
    {"a|b c|d", "a b c d"},
    {"server|--password=hunter2|--port=1", "server --password=*** --port=1"},
    {"server|--password|hunter2|-v", "server --password *** -v"},
    {"server|--password|--verbose", "server --password --verbose"},
    {"vllm|--max-tokens|4096|--tokenizer|x", "vllm --max-tokens 4096 --tokenizer x"},
    {"x|--hf-token|hf_abc", "x --hf-token ***"},
    {"x|--token-file|/run/t|--password-file=/run/p",
     "x --token-file /run/t --password-file=/run/p"},
    {"env|POSTGRES_PASSWORD=a b&c,d|sh", "env POSTGRES_PASSWORD=*** sh"},
    {"docker|run|-e|API_KEY=abc", "docker run -e API_KEY=***"},
    {"psql|postgresql://bob:s3:cr@t@db/x?sslmode=off",
     "psql postgresql://bob:***@db/x?sslmode=off"},
    {"curl|http://h:80/a@b", "curl http://h:80/a@b"},
    {"curl|https://h/?a=1&token=abc&b=2", "curl https://h/?a=1&token=***&b=2"},
    {"curl|-H|Authorization: Bearer abc.def", "curl -H Authorization: ***"},
    {"curl|-H|X-Api-Key: abc", "curl -H X-Api-Key: ***"},
    {"curl|-u|me:pw|-s", "curl -u *** -s"},
    {"/usr/bin/curl|--user=me:pw", "/usr/bin/curl --user=***"},
    {"mysqldump|-uroot|-psecret|db", "mysqldump -uroot -p*** db"},
    {"ssh|-p|2222|host", "ssh -p 2222 host"},
    {"redis-cli|-a|pw|ping", "redis-cli -a *** ping"},
    {"x|{\"password\": \"abc\", \"user\": \"u\"}", "x {\"password\": \"***\", \"user\": \"u\"}"},
    {"x|host=h password=abc dbname=d", "x host=h password=*** dbname=d"},
    {"x|Server=a;Password=b;Database=c", "x Server=a;Password=***;Database=c"},
    {"java|-Dspring.datasource.password=q|-jar|a.jar",
     "java -Dspring.datasource.password=*** -jar a.jar"},
    {"x|Bearer|abc", "x Bearer ***"},
    {"x|--password=", "x --password="},
    {"bypass|--compass=north", "bypass --compass=north"},
    {"x|tab\there\x1b[31m", "x tab?here?[31m"},
    {"", ""},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char args[256], shown[COMMAND_MAX];
        size_t n = strlen(cases[i].args);
        for (size_t k = 0; k <= n; k++)
            args[k] = cases[i].args[k] == '|' ? 0 : cases[i].args[k];
        command_mask(args, n + 1, shown);
        assert_string_equal(shown, cases[i].shown);
    }
}

static void test_cuts_at_a_character(void **state)
{
    (void)state;
    char args[2000], shown[COMMAND_MAX];
    for (size_t shift = 0; shift < 4; shift++) {
        memset(args, 'x', shift);
        for (size_t i = shift; i + 3 <= sizeof args; i += 3)
            memcpy(args + i, "\xe2\x82\xac", 3);
        command_mask(args, 1500, shown);
        size_t n = strlen(shown);
        assert_true(n < COMMAND_MAX && n >= COMMAND_MAX - 4);
        assert_true(str_is_utf8(shown, n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_cuts_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
