#include "api/record-input.h"

#include "api/body.h"

static const char *const check_members[] = {"kind",    "target",        "interval_ms", "timeout_ms",
                                            "retries", "expect_status", "expect_body", NULL};

static int read_text(struct http_exchange *x, const json_t *object, const char *member,
                     char **field)
{
    if (!json_object_get(object, member))
        return 0;
    const char *s = NULL;
    int r = body_text(x, object, member, false, &s);
    if (r < 0)
        return r;
    mem_set_str(field, str_is_empty(s) ? NULL : s);
    return 0;
}

static int read_number(struct http_exchange *x, const json_t *object, const char *member,
                       int64_t least, int64_t most, uint32_t *field)
{
    const json_t *v = json_object_get(object, member);
    if (!v || json_is_null(v))
        return 0;
    if (!json_is_integer(v) || json_integer_value(v) < least || json_integer_value(v) > most)
        return body_refuse(x, member, "\"%s\" must be a whole number from %lld to %lld.", member,
                           (long long)least, (long long)most);
    *field = (uint32_t)json_integer_value(v);
    return 0;
}

static int refuse_unknown(struct http_exchange *x, const json_t *check)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)check, key, value) {
        size_t i = 0;
        while (check_members[i] && !str_eq(check_members[i], key))
            i++;
        if (!check_members[i])
            return body_refuse(x, "check", "\"check.%.64s\" is not known here.", key);
    }
    return 0;
}

static int read_check(struct http_exchange *x, const json_t *body, struct service_record *r)
{
    const json_t *check = json_object_get(body, "check");
    if (!check)
        return 0;
    if (json_is_null(check)) {
        mem_set_str(&r->check_kind, NULL);
        return 0;
    }
    if (!json_is_object(check))
        return body_refuse(x, "check", "\"check\" must be an object or null.");
    if (refuse_unknown(x, check) < 0 || read_text(x, check, "kind", &r->check_kind) < 0 ||
        read_text(x, check, "target", &r->check_target) < 0 ||
        read_text(x, check, "expect_status", &r->expect_status) < 0 ||
        read_text(x, check, "expect_body", &r->expect_body) < 0 ||
        read_number(x, check, "interval_ms", 1000, 86400000, &r->interval_ms) < 0 ||
        read_number(x, check, "timeout_ms", 100, 60000, &r->timeout_ms) < 0)
        return -EINVAL;
    if (str_is_empty(r->check_kind))
        return body_refuse(x, "kind", "\"check.kind\" is missing: what kind of check is it?");
    int status = read_number(x, check, "retries", 0, 10, &r->retries);
    if (status == 0 && !r->retries && json_is_integer(json_object_get(check, "retries")))
        r->retries = SERVICE_CHECK_NO_RETRIES;
    return status;
}

int record_read(struct http_exchange *x, const json_t *body, struct service_record *r)
{
    bool given = false;
    if (read_text(x, body, "name", &r->name) < 0 || read_text(x, body, "url", &r->url) < 0 ||
        read_text(x, body, "icon", &r->icon) < 0 || read_text(x, body, "group", &r->group) < 0 ||
        read_text(x, body, "description", &r->description) < 0 ||
        body_flag(x, body, "hidden", &given, &r->hidden) < 0 || read_check(x, body, r) < 0)
        return -EINVAL;
    struct str_list depends_on = {0};
    int status = body_texts(x, body, "depends_on", false, &depends_on);
    if (status == 0 && json_object_get(body, "depends_on")) {
        str_list_done(&r->depends_on);
        r->depends_on = depends_on;
    } else {
        str_list_done(&depends_on);
    }
    return status;
}
