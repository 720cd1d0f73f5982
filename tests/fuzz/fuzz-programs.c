/* What programs that a node asks print: smartctl, apt-get, dpkg's list, Unraid's API. The first
 * byte chooses. */
#include "fuzz.h"

#include "node/packages.h"
#include "node/smart.h"
#include "node/unraid.h"

#include <stdlib.h>

static void check_json(struct str *out)
{
    json_t *v = NULL;
    FUZZ_CHECK(json_parse(out->p, out->len, out->len, NULL, &v) == 0);
    json_decref(v);
    str_done(out);
}

static void fuzz_smart(const char *text, size_t n)
{
    struct smart s;
    struct str_list problems = {0};
    struct str out = {0};
    struct jw w = jw_begin(&out);
    if (smart_parse(text, n, (int)n % 4, NULL, &s) < 0)
        return;
    FUZZ_CHECK(smart_judge(&s, n % 2, &problems));
    smart_print(&s, s.trouble, NULL, &w);
    check_json(&out);
    str_list_done(&problems);
}

static void fuzz_updates(const char *text, size_t n)
{
    struct update_list l = {0};
    struct str out = {0};
    struct jw w = jw_begin(&out);
    updates_parse(&l, text, n);
    jw_object(&w);
    updates_print(&l, &w);
    jw_end_object(&w);
    check_json(&out);
    updates_done(&l);
}

/* Any answer as any part. */
static void fuzz_unraid(const char *text, size_t n)
{
    json_t *v = NULL, *data[UNRAID_PARTS];
    char *troubles[UNRAID_PARTS] = {0};
    struct str out = {0};
    struct jw w = jw_begin(&out);
    if (unraid_take(text, n, NULL, &v) < 0)
        return;
    for (size_t i = 0; i < UNRAID_PARTS; i++)
        data[i] = v;
    unraid_print(data, troubles, &w);
    check_json(&out);
    json_decref(v);
}

static void fuzz_held(const char *text, size_t n)
{
    struct str_list names = {0};
    held_parse(&names, text, n);
    for (size_t i = 0; i < names.n; i++)
        FUZZ_CHECK(str_is_utf8(names.v[i], strlen(names.v[i])));
    str_list_done(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data + 1;
    if (size < 1)
        return 0;
    if (data[0] == 's')
        fuzz_smart(text, size - 1);
    else if (data[0] == 'U')
        fuzz_unraid(text, size - 1);
    else if (data[0] == 'u')
        fuzz_updates(text, size - 1);
    else
        fuzz_held(text, size - 1);
    return 0;
}
