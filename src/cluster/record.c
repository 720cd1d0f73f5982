/* What people define: copying and checking. The database side stands in record-db.c. */
#include "cluster/label.h"
#include "cluster/model.h"

#include <errno.h>

/* How often a failed check is tried again before it counts. */
uint32_t record_retries(const struct service_record *r)
{
    if (r->retries == SERVICE_CHECK_NO_RETRIES)
        return 0;
    return r->retries ? r->retries : SERVICE_CHECK_RETRIES;
}

void service_record_done(struct service_record *r)
{
    char *strings[] = {r->name,         r->url,           r->icon,
                       r->group,        r->description,   r->check_kind,
                       r->check_target, r->expect_status, r->expect_body};
    for (size_t i = 0; i < COUNT_OF(strings); i++)
        mem_free(strings[i]);
    str_list_done(&r->depends_on);
    *r = (struct service_record){0};
}

struct service_record *record_copy(const struct service_record *r)
{
    struct service_record *copy = mem_dup(r, sizeof *r);
    char **strings[] = {&copy->name,         &copy->url,           &copy->icon,
                        &copy->group,        &copy->description,   &copy->check_kind,
                        &copy->check_target, &copy->expect_status, &copy->expect_body};
    for (size_t i = 0; i < COUNT_OF(strings); i++)
        *strings[i] = mem_strdup(*strings[i]);
    copy->depends_on = (struct str_list){0};
    str_list_copy(&copy->depends_on, &r->depends_on);
    return copy;
}

void record_free(struct service_record *r)
{
    if (!r)
        return;
    service_record_done(r);
    mem_free(r);
}

enum { LIMIT_TARGET = 1024, LIMIT_EXPECT = 512, LIMIT_DEPENDS = 64 };
enum { MIN_INTERVAL_MS = 1000, MAX_INTERVAL_MS = 24 * 60 * 60 * 1000, MAX_TIMEOUT_MS = 60 * 1000 };

static bool too_long(const char *s, size_t max)
{
    return s && strlen(s) > max;
}

static bool has_control(const char *s)
{
    for (; s && *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    return false;
}

static int check_texts(const struct service_record *r, struct err *e)
{
    if (r->manual && str_is_empty(r->name))
        return err_field(e, err_set(e, -EINVAL, "name is missing: give the service a name"),
                         "name");
    if (too_long(r->name, LIMIT_NAME) || has_control(r->name))
        return err_field(
            e, err_set(e, -EINVAL, "name: one line of at most %d characters", LIMIT_NAME), "name");
    if (too_long(r->group, LIMIT_NAME) || has_control(r->group))
        return err_field(
            e, err_set(e, -EINVAL, "group: one line of at most %d characters", LIMIT_NAME),
            "group");
    if (too_long(r->description, LIMIT_DESCRIPTION))
        return err_field(
            e, err_set(e, -EINVAL, "description: at most %d characters", LIMIT_DESCRIPTION),
            "description");
    if (!str_is_empty(r->url) && !link_is_safe(r->url))
        return err_field(
            e,
            err_set(e, -EINVAL,
                    "url: give an http:// or https:// address without a user name in it"),
            "url");
    char icon[ICON_SIZE];
    if (!str_is_empty(r->icon) && !label_icon(r->icon, icon))
        return err_field(e, err_set(e, -EINVAL, "icon: the name of an icon, like \"plex\""),
                         "icon");
    return 0;
}

static int check_times(const struct service_record *r, struct err *e)
{
    if (r->interval_ms && (r->interval_ms < MIN_INTERVAL_MS || r->interval_ms > MAX_INTERVAL_MS))
        return err_field(e, err_set(e, -EINVAL, "interval: between 1 second and 1 day"),
                         "interval_ms");
    if (r->timeout_ms > MAX_TIMEOUT_MS)
        return err_field(e, err_set(e, -EINVAL, "timeout: at most 60 seconds"), "timeout_ms");
    if (r->retries > 20 && r->retries != SERVICE_CHECK_NO_RETRIES)
        return err_field(e, err_set(e, -EINVAL, "retries: at most 20"), "retries");
    return 0;
}

static int check_target(const struct service_record *r, enum check_kind kind, struct err *e)
{
    const char *t = r->check_target;
    if (str_is_empty(t) && kind == CHECK_HTTP && !str_is_empty(r->url))
        return 0; /* its own link is asked */
    if (str_is_empty(t))
        return err_field(e,
                         err_set(e, -EINVAL,
                                 "check target is missing: say what the %s check is to ask",
                                 check_kind_name(kind)),
                         "target");
    if (too_long(t, LIMIT_TARGET) || has_control(t))
        return err_field(
            e, err_set(e, -EINVAL, "check target: one line of at most %d characters", LIMIT_TARGET),
            "target");
    if (kind == CHECK_HTTP && !link_is_safe(t))
        return err_field(e, err_set(e, -EINVAL, "check target: an http:// or https:// address"),
                         "target");
    const char *colon = strrchr(t, ':');
    uint64_t port;
    if (kind == CHECK_TCP &&
        (!colon || colon == t || str_to_u64(colon + 1, &port) < 0 || port == 0 || port > 65535))
        return err_field(e, err_set(e, -EINVAL, "check target: host:port, like 192.168.1.1:22"),
                         "target");
    return 0;
}

int service_record_check(const struct service_record *r, struct err *e)
{
    if (str_is_empty(r->id) || (r->manual && !str_starts(r->id, "manual/")))
        return err_set(e, -EINVAL, "id: hand-added services are called manual/…");
    int res = check_texts(r, e);
    if (res >= 0)
        res = check_times(r, e);
    if (res < 0)
        return res;
    if (r->depends_on.n > LIMIT_DEPENDS)
        return err_field(e, err_set(e, -EINVAL, "depends_on: at most %d services", LIMIT_DEPENDS),
                         "depends_on");
    if (str_list_has(&r->depends_on, r->id))
        return err_field(e, err_set(e, -EINVAL, "depends_on: a service can't depend on itself"),
                         "depends_on");
    if (too_long(r->expect_status, LIMIT_EXPECT) || too_long(r->expect_body, LIMIT_EXPECT))
        return err_field(
            e, err_set(e, -EINVAL, "expected status and text: at most %d characters", LIMIT_EXPECT),
            "expect_status");
    if (str_is_empty(r->check_kind) || str_eq(r->check_kind, "none"))
        return 0;
    enum check_kind kind;
    if (check_kind_parse(r->check_kind, &kind) < 0)
        return err_field(
            e,
            err_set(e, -EINVAL,
                    "check kind \"%.32s\" is not known: none, http, tcp, dns, icmp, docker, "
                    "systemd or process",
                    r->check_kind),
            "kind");
    return check_target(r, kind, e);
}

static void print_check(struct jw *w, const struct service_record *r)
{
    jw_key(w, "check");
    if (str_is_empty(r->check_kind)) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_key_str(w, "kind", r->check_kind);
    jw_key_str(w, "target", r->check_target);
    jw_key_uint(w, "interval_ms", r->interval_ms ? r->interval_ms : SERVICE_CHECK_INTERVAL_MS);
    jw_key_uint(w, "timeout_ms", r->timeout_ms ? r->timeout_ms : SERVICE_CHECK_TIMEOUT_MS);
    jw_key_uint(w, "retries", record_retries(r));
    jw_key_str(w, "expect_status", r->expect_status);
    jw_key_str(w, "expect_body", r->expect_body);
    jw_end_object(w);
}

void service_record_print(struct jw *w, const struct service_record *r)
{
    jw_object(w);
    jw_key_str(w, "id", r->id);
    jw_key_bool(w, "manual", r->manual);
    jw_key_bool(w, "hidden", r->hidden);
    jw_key_str(w, "name", r->name);
    jw_key_str(w, "url", r->url);
    jw_key_str(w, "icon", r->icon);
    jw_key_str(w, "group", r->group);
    jw_key_str(w, "description", r->description);
    print_check(w, r);
    jw_key_strs(w, "depends_on", &r->depends_on);
    jw_key_time(w, "created", r->created_ms);
    jw_key_time(w, "changed", r->changed_ms);
    jw_end_object(w);
}
