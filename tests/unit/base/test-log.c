#include "../test.h"

#include "base/json.h"
#include "base/log.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What one entry writes to stderr, which `journal` says to be the journal's. */
static char *logged(enum log_format format, bool journal)
{
    FILE *f = tmpfile();
    struct stat s;
    char name[64], text[1024];
    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &s), 0);
    snprintf(name, sizeof name, "%llu:%llu", (unsigned long long)s.st_dev,
             (unsigned long long)s.st_ino + !journal);
    setenv("JOURNAL_STREAM", name, 1);
    int before = dup(STDERR_FILENO);
    dup2(fileno(f), STDERR_FILENO);
    log_configure(LOG_LEVEL_INFO, format);
    log_write(LOG_LEVEL_WARN, "http", "refused", "path=%s status=%d", LOG_Q("/a \"b\" \\c\n"), 403);
    log_write(LOG_LEVEL_DEBUG, "http", "not told", "%s", "");
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = 0;
    fclose(f);
    unsetenv("JOURNAL_STREAM");
    return mem_strdup(text);
}

static void the_journal_gets_a_priority_and_no_time(void **state)
{
    (void)state;
    char *text = logged(LOG_FORMAT_TEXT, true);
    assert_string_equal(text,
                        "<4>warn  http: refused path=\"/a \\\"b\\\" \\\\c\\x0a\" status=403\n");
    mem_free(text);
}

static void an_inherited_name_of_the_journal_is_none(void **state)
{
    (void)state;
    char *text = logged(LOG_FORMAT_TEXT, false);
    assert_int_equal(text[0], '2'); /* the year */
    assert_non_null(strstr(text, "Z warn  http: refused path="));
    mem_free(text);
}

static void json_has_every_field_by_its_name(void **state)
{
    (void)state;
    char *text = logged(LOG_FORMAT_JSON, true);
    json_t *entry = json_loads(text, 0, NULL), *fields = json_object_get(entry, "fields");
    assert_string_equal(json_get_str(entry, "level", ""), "warn");
    assert_string_equal(json_get_str(entry, "message", ""), "refused");
    assert_string_equal(json_get_str(fields, "path", ""), "/a \"b\" \\c\\x0a");
    assert_string_equal(json_get_str(fields, "status", ""), "403");
    json_decref(entry);
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_journal_gets_a_priority_and_no_time),
        cmocka_unit_test(an_inherited_name_of_the_journal_is_none),
        cmocka_unit_test(json_has_every_field_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
