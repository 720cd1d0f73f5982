#include "api/body.h"

#include "api/problem.h"

#include <stdio.h>

enum { LIMIT_BODY_JSON = 1 << 20 };

int body_refuse(struct http_exchange *x, const char *member, const char *fmt, ...)
{
    char detail[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    problem_reply(x,
                  &(struct problem){
                      .status = 400, .type = PROBLEM_INVALID, .detail = detail, .field = member});
    return -EINVAL;
}

/* Content-Type must be JSON: a form posted across sites can't be. */
static bool is_json(const struct http_exchange *x)
{
    const char *type = http_header(x, "Content-Type");
    return type && (str_starts(type, "application/json") ||
                    str_starts(type, "application/merge-patch+json"));
}

json_t *body_json(struct http_exchange *x, const char *const *members)
{
    size_t len;
    const char *text = http_body(x, &len);
    if (!is_json(x)) {
        problem_reply(x,
                      &(struct problem){
                          .status = 415,
                          .type = PROBLEM_INVALID,
                          .detail = "Send the body as JSON, with Content-Type: application/json."});
        return NULL;
    }
    struct err e = {0};
    json_t *body = NULL;
    if (json_parse(text, len, LIMIT_BODY_JSON, &e, &body) < 0) {
        body_refuse(x, NULL, "%s", e.text);
        return NULL;
    }
    if (!json_is_object(body)) {
        json_decref(body);
        body_refuse(x, NULL, "The body must be a JSON object.");
        return NULL;
    }
    const char *key;
    json_t *value;
    json_object_foreach (body, key, value) {
        size_t i = 0;
        while (members[i] && !str_eq(members[i], key))
            i++;
        if (members[i])
            continue;
        const char *near = str_nearest(key, members);
        body_refuse(x, key, "\"%.64s\" is not known here%s%s%s.", key,
                    near ? "; did you mean \"" : "", near ? near : "", near ? "\"" : "");
        json_decref(body);
        return NULL;
    }
    return body;
}

int body_text(struct http_exchange *x, const json_t *body, const char *member, bool needed,
              const char **ret_s)
{
    const json_t *v = json_object_get(body, member);
    if (!v || json_is_null(v)) {
        if (needed)
            return body_refuse(x, member, "\"%s\" is missing.", member);
        *ret_s = NULL;
        return 0;
    }
    if (!json_is_string(v))
        return body_refuse(x, member, "\"%s\" must be a text.", member);
    if (strlen(json_string_value(v)) != json_string_length(v))
        return body_refuse(x, member, "\"%s\" holds a NUL character.", member);
    *ret_s = json_string_value(v);
    return 0;
}

int body_flag(struct http_exchange *x, const json_t *body, const char *member, bool *ret_given,
              bool *ret_v)
{
    const json_t *v = json_object_get(body, member);
    if (v && !json_is_boolean(v))
        return body_refuse(x, member, "\"%s\" must be true or false.", member);
    *ret_given = v != NULL;
    if (v)
        *ret_v = json_is_true(v);
    return 0;
}

int body_number(struct http_exchange *x, const json_t *body, const char *member, int64_t least,
                int64_t most, int64_t *ret_n)
{
    const json_t *v = json_object_get(body, member);
    if (!v)
        return 0;
    if (!json_is_integer(v) || json_integer_value(v) < least || json_integer_value(v) > most)
        return body_refuse(x, member, "\"%s\" must be a whole number from %lld to %lld.", member,
                           (long long)least, (long long)most);
    *ret_n = json_integer_value(v);
    return 0;
}

int body_texts(struct http_exchange *x, const json_t *body, const char *member, bool needed,
               struct str_list *ret_l)
{
    const json_t *list = json_object_get(body, member), *v;
    if (!list && !needed)
        return 0;
    if (!json_is_array(list))
        return body_refuse(x, member, "\"%s\" must be a list of texts.", member);
    size_t i;
    json_array_foreach (list, i, v) {
        if (!json_is_string(v))
            return body_refuse(x, member, "\"%s\" must be a list of texts.", member);
        str_list_add(ret_l, json_string_value(v));
    }
    return 0;
}
