#include "jobs/guard.h"

#include "base/log.h"
#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};
static const char *const day_plurals[] = {"Mondays", "Tuesdays",  "Wednesdays", "Thursdays",
                                          "Fridays", "Saturdays", "Sundays"};
enum { DAYS = 7, DAY_MINUTES = 24 * 60 };

static void rule_done(struct guard_rule *r)
{
    str_list_done(&r->services);
}

void guard_done(struct guard *g)
{
    for (size_t i = 0; i < g->n; i++)
        rule_done(&g->v[i]);
    vec_done(g);
    mem_free(g->changed_by);
    g->changed_by = NULL;
}

void guard_copy(struct guard *to, const struct guard *from)
{
    *to = (struct guard){.version = from->version, .changed_by = mem_strdup(from->changed_by)};
    for (size_t i = 0; i < from->n; i++) {
        struct guard_rule *r = vec_add(to);
        *r = from->v[i];
        r->services = (struct str_list){0};
        str_list_copy(&r->services, &from->v[i].services);
    }
}

/* --- reading --- */

static int read_services(const json_t *list, struct guard_rule *r, struct err *e)
{
    size_t i;
    const json_t *v;
    if (!json_is_array(list) || json_array_size(list) == 0 ||
        json_array_size(list) > LIMIT_GUARD_PATTERNS)
        return err_set(e, -EINVAL, "A rule names 1 to %d services, such as tower/docker/plex or *.",
                       LIMIT_GUARD_PATTERNS);
    json_array_foreach (list, i, v) {
        const char *text = json_string_value(v);
        if (str_is_empty(text) || strlen(text) > 255)
            return err_set(e, -EINVAL, "A service is an id or a pattern of at most 255 bytes.");
        str_list_add(&r->services, text);
    }
    return 0;
}

static int read_days(const json_t *list, struct guard_rule *r, struct err *e)
{
    size_t i;
    const json_t *v;
    r->days = json_is_array(list) && json_array_size(list) ? 0 : GUARD_ALL_DAYS;
    if (list && !json_is_null(list) && !json_is_array(list))
        return err_set(e, -EINVAL, "\"days\" is a list of mon, tue, wed, thu, fri, sat, sun.");
    json_array_foreach (list, i, v) {
        unsigned day = 0;
        while (day < DAYS && !str_eq(day_names[day], json_string_value(v)))
            day++;
        if (day == DAYS)
            return err_set(e, -EINVAL, "\"days\" is a list of mon, tue, wed, thu, fri, sat, sun.");
        r->days |= 1u << day;
    }
    return 0;
}

static bool two_digits(const char *s, int max, int *ret_n)
{
    if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
        return false;
    *ret_n = (s[0] - '0') * 10 + s[1] - '0';
    return *ret_n <= max;
}

/* "20:00"; "24:00" is the end of the day. */
static int read_minute(const json_t *v, const char *name, int *ret_minute, struct err *e)
{
    int hour, minute;
    const char *s = json_string_value(v);
    if (!s && (!v || json_is_null(v)))
        return 0;
    if (!s || strlen(s) != 5 || s[2] != ':' || !two_digits(s, 24, &hour) ||
        !two_digits(s + 3, 59, &minute) || hour * 60 + minute > DAY_MINUTES)
        return err_set(e, -EINVAL, "\"%s\" is a time of day such as 20:30.", name);
    *ret_minute = hour * 60 + minute;
    return 1;
}

static int read_hours(const json_t *rule, struct guard_rule *r, struct err *e)
{
    int from = read_minute(json_object_get(rule, "from"), "from", &r->from, e);
    int to = from < 0 ? from : read_minute(json_object_get(rule, "to"), "to", &r->to, e);
    if (from < 0 || to < 0)
        return -EINVAL;
    if (from != to)
        return err_set(e, -EINVAL, "Give both \"from\" and \"to\", or neither for the whole day.");
    r->from %= DAY_MINUTES;
    r->to %= DAY_MINUTES;
    return 0;
}

static int read_rule(const json_t *rule, struct guard_rule *r, struct err *e)
{
    static const char *const members[] = {"services", "days", "from", "to", NULL};
    const char *key;
    json_t *v;
    if (!json_is_object(rule))
        return err_set(e, -EINVAL, "A rule is an object with services, days, from and to.");
    json_object_foreach ((json_t *)rule, key, v) {
        size_t i = 0;
        while (members[i] && !str_eq(members[i], key))
            i++;
        if (!members[i])
            return err_set(e, -EINVAL, "A rule has no \"%.60s\": services, days, from and to.",
                           key);
    }
    int status = read_services(json_object_get(rule, "services"), r, e);
    if (status >= 0)
        status = read_days(json_object_get(rule, "days"), r, e);
    return status < 0 ? status : read_hours(rule, r, e);
}

int guard_read(const json_t *body, struct err *e, struct guard *ret_guard)
{
    const json_t *rules = json_object_get(body, "rules"), *rule;
    struct guard g = {0};
    size_t i;
    int r = 0;
    if (!json_is_array(rules) || json_array_size(rules) > LIMIT_GUARD_RULES)
        r = err_set(e, -EINVAL, "\"rules\" is a list of at most %d rules.", LIMIT_GUARD_RULES);
    json_array_foreach (rules, i, rule)
        if (r >= 0)
            r = read_rule(rule, vec_add(&g), e);
    if (r < 0) {
        guard_done(&g);
        return err_field(e, r, "rules");
    }
    *ret_guard = g;
    return 0;
}

/* --- writing --- */

static void print_minute(struct jw *w, const char *key, const struct guard_rule *r, int minute)
{
    char text[16];
    snprintf(text, sizeof text, "%02d:%02d", minute / 60, minute % 60);
    jw_key_str(w, key, r->from == r->to ? NULL : text);
}

static void print_rule(struct jw *w, const struct guard_rule *r)
{
    jw_object(w);
    jw_key_strs(w, "services", &r->services);
    jw_key(w, "days");
    jw_array(w);
    for (unsigned day = 0; day < DAYS; day++)
        if (r->days & 1u << day)
            jw_str(w, day_names[day]);
    jw_end_array(w);
    print_minute(w, "from", r, r->from);
    print_minute(w, "to", r, r->to);
    jw_end_object(w);
}

static void print_rules(struct jw *w, const struct guard *g)
{
    jw_key(w, "rules");
    jw_array(w);
    for (size_t i = 0; i < g->n; i++)
        print_rule(w, &g->v[i]);
    jw_end_array(w);
}

void guard_print(struct jw *w, const struct guard *g)
{
    jw_object(w);
    print_rules(w, g);
    if (g->changed_by)
        jw_key_str(w, "changed_by", g->changed_by);
    jw_end_object(w);
}

void guard_print_full(struct jw *w, const struct guard *g, const char *zone)
{
    jw_object(w);
    print_rules(w, g);
    jw_key_str(w, "time_zone", zone);
    jw_key_int(w, "version", g->version);
    jw_key_time(w, "changed", g->version);
    jw_key_str(w, "changed_by", g->changed_by);
    jw_end_object(w);
}

/* --- deciding --- */

struct guard_time guard_time_of(int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm t = {0};
    localtime_r(&seconds, &t);
    return (struct guard_time){.weekday = (t.tm_wday + 6) % DAYS,
                               .minute = t.tm_hour * 60 + t.tm_min};
}

char *guard_zone(void)
{
    char link[256];
    const char *zone = getenv("TZ");
    ssize_t n = readlink("/etc/localtime", link, sizeof link - 1);
    if (zone && *zone)
        return mem_strdup(*zone == ':' ? zone + 1 : zone);
    link[n > 0 ? n : 0] = 0;
    const char *at = strstr(link, "zoneinfo/");
    return mem_strdup(at ? at + strlen("zoneinfo/") : "UTC");
}

static bool is_now(const struct guard_rule *r, struct guard_time at)
{
    bool today = r->days >> at.weekday & 1, yesterday = r->days >> (at.weekday + 6) % DAYS & 1;
    if (r->from == r->to)
        return today;
    if (r->from < r->to)
        return today && at.minute >= r->from && at.minute < r->to;
    return (today && at.minute >= r->from) || (yesterday && at.minute < r->to);
}

const struct guard_rule *guard_find(const struct guard *g, const char *service,
                                    struct guard_time at)
{
    for (size_t i = 0; i < g->n; i++) {
        if (!is_now(&g->v[i], at))
            continue;
        for (size_t k = 0; k < g->v[i].services.n; k++)
            if (str_glob(g->v[i].services.v[k], service))
                return &g->v[i];
    }
    return NULL;
}

char *guard_when(const struct guard_rule *r)
{
    struct str s = {0};
    unsigned left = (unsigned)__builtin_popcount(r->days);
    for (unsigned day = 0, n = 0; r->days != GUARD_ALL_DAYS && day < DAYS; day++) {
        if (!(r->days & 1u << day))
            continue;
        left--;
        str_addf(&s, "%s%s", n++ == 0 ? "on " : left ? ", " : " and ", day_plurals[day]);
    }
    if (r->from != r->to)
        str_addf(&s, "%sfrom %02d:%02d to %02d:%02d", s.len ? " " : "", r->from / 60, r->from % 60,
                 r->to / 60, r->to % 60);
    return str_take(&s);
}

char *guard_sentence(const struct guard *g, const char *service, struct guard_time at)
{
    const struct guard_rule *r = guard_find(g, service, at);
    if (!r)
        return NULL;
    AUTO(mem_freep) char *when = guard_when(r);
    return mem_printf("%s is protected by the guard rails%s%s: it must not be interrupted.",
                      service, *when ? " " : "", when);
}

/* --- keeping --- */

/* One rule: every service, always. */
static void guard_everything(struct guard *g)
{
    struct guard_rule *r = vec_add(g);
    *r = (struct guard_rule){.days = GUARD_ALL_DAYS};
    str_list_add(&r->services, "*");
}

int guard_load(struct db *db, struct err *e, struct guard *ret_guard)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    AUTO(json_decrefp) json_t *kept = NULL;
    enum { LIMIT_KEPT = 1 << 20 };
    struct err why = {0};
    *ret_guard = (struct guard){0};
    int r = db_query_one(db, e, "SELECT value, changed_ms FROM settings WHERE key = 'guard'", &rows,
                         "");
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    const char *text = rows_text(rows, 0);
    r = json_parse(text, strlen(text), LIMIT_KEPT, &why, &kept);
    if (r >= 0)
        r = guard_read(kept, &why, ret_guard);
    if (r < 0) {
        log_error("jobs", "the guard rails can't be read, so all services are guarded",
                  "error=%s advice=\"save the list again\"", LOG_Q(err_text(&why, r)));
        guard_everything(ret_guard);
    }
    ret_guard->version = rows_int(rows, 1);
    ret_guard->changed_by = mem_strdup(json_get_str(kept, "changed_by", NULL));
    return 0;
}

/* The version is the time of the change, but always above the one before. */
int guard_save(struct db *db, struct guard *g, int64_t replaces, int64_t now_wall_ms, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    struct str text = {0};
    struct jw w = jw_begin(&text);
    guard_print(&w, g);
    int r = db_query_one(db, e,
                         "INSERT INTO settings (key, value, changed_ms) VALUES ('guard', $1, $2) "
                         "ON CONFLICT (key) DO UPDATE SET value = excluded.value, changed_ms = "
                         "CASE WHEN excluded.changed_ms > settings.changed_ms THEN "
                         "excluded.changed_ms ELSE settings.changed_ms + 1 END WHERE $3 < 0 OR "
                         "settings.changed_ms = $3 RETURNING changed_ms",
                         &rows, "sii", str_text(&text), now_wall_ms, replaces);
    if (r == -ENOENT)
        r = err_set(e, -EEXIST,
                    "Somebody else changed the guard rails meanwhile: read them again, then make "
                    "your change.");
    if (r >= 0)
        g->version = rows_int(rows, 0);
    str_done(&text);
    return r;
}
