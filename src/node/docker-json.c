#include "node/docker-json.h"

#include "base/json.h"

#include <math.h>

enum { LAST_LINES = 20 }; /* of a log, for people */

/* --- version --- */

enum { API_OLDEST = 41, API_NEWEST = 51 }; /* 1.x: what this code was written and tested against */

/* "1.41" → 41; Podman's "4.3.1" and nonsense → -1. */
static int api_minor(const char *text)
{
    uint64_t minor;
    if (!str_starts(text ? text : "", "1.") || str_to_u64(text + 2, &minor) < 0 || minor > 999)
        return -1;
    return (int)minor;
}

static bool is_podman(const json_t *version)
{
    const json_t *component;
    size_t i;
    json_array_foreach (json_object_get(version, "Components"), i, component)
        if (str_starts(json_get_str(component, "Name", ""), "Podman"))
            return true;
    return false;
}

static int choose_api(const json_t *v, struct err *e, char ret_api[DOCKER_API_SIZE])
{
    int newest = api_minor(json_get_str(v, "ApiVersion", NULL));
    int oldest = api_minor(json_get_str(v, "MinAPIVersion", NULL));
    if (newest < 0)
        return err_set(e, -EINVAL, "The engine does not say which API it speaks.");
    if (oldest > API_NEWEST)
        return err_set(e, -EPROTONOSUPPORT,
                       "The engine speaks API 1.%d and newer; 1.%d is the newest known here.",
                       oldest, API_NEWEST);
    if (newest < API_OLDEST)
        return err_set(e, -EPROTONOSUPPORT,
                       "The engine speaks API 1.%d at most; 1.%d (Docker 20.10) is needed.", newest,
                       API_OLDEST);
    struct str s = {0};
    str_addf(&s, "1.%d", newest < API_NEWEST ? newest : API_NEWEST);
    str_copy(ret_api, DOCKER_API_SIZE, s.p);
    str_done(&s);
    return 0;
}

static void decref(json_t **j)
{
    json_decref(*j);
}

int docker_parse_version(const char *json, size_t len, struct err *e,
                         struct docker_version *ret_version)
{
    AUTO(decref) json_t *v = NULL;
    int r = json_parse(json, len, LIMIT_DOCKER_ANSWER, e, &v);
    if (r < 0)
        return r;
    struct docker_version version = {.podman = is_podman(v)};
    r = choose_api(v, e, version.api);
    if (r < 0)
        return r;
    str_copy(version.version, sizeof version.version, json_get_str(v, "Version", ""));
    *ret_version = version;
    return 0;
}

/* --- list --- */

bool docker_id_is_valid(const char *id)
{
    size_t n = id ? strspn(id, "0123456789abcdef") : 0;
    return n >= 12 && n < DOCKER_ID_SIZE && id[n] == 0;
}

bool container_name_is_valid(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t n = strlen(name);
    return n > 0 && n < CONTAINER_NAME_SIZE && strchr(letters, name[0]) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == n;
}

int docker_parse_list(const char *json, size_t len, struct err *e, struct str_list *ret_ids)
{
    AUTO(decref) json_t *list = NULL;
    int r = json_parse(json, len, LIMIT_DOCKER_ANSWER, e, &list);
    if (r < 0)
        return r;
    if (!json_is_array(list))
        return err_set(e, -EINVAL, "The list of containers is no list.");
    const json_t *c;
    size_t i;
    json_array_foreach (list, i, c) {
        const char *id = json_get_str(c, "Id", "");
        if (docker_id_is_valid(id) && ret_ids->n < LIMIT_DOCKER_CONTAINERS)
            str_list_add(ret_ids, id);
    }
    return 0;
}

/* --- events --- */

static const struct {
    const char *action;
    enum docker_event_kind kind;
} event_kinds[] = {
    {"create", DOCKER_EVENT_CHANGED},
    {"init", DOCKER_EVENT_OTHER}, /* Podman: a start follows */
    {"start", DOCKER_EVENT_STARTED},
    {"restart", DOCKER_EVENT_CHANGED},
    {"kill", DOCKER_EVENT_ENDING}, /* unless the signal is one that ends nothing */
    {"stop", DOCKER_EVENT_ENDING},
    {"die", DOCKER_EVENT_CHANGED},
    {"died", DOCKER_EVENT_CHANGED},
    {"cleanup", DOCKER_EVENT_CLEANED},
    {"oom", DOCKER_EVENT_CHANGED},
    {"pause", DOCKER_EVENT_CHANGED},
    {"unpause", DOCKER_EVENT_CHANGED},
    {"rename", DOCKER_EVENT_CHANGED},
    {"update", DOCKER_EVENT_CHANGED},
    {"destroy", DOCKER_EVENT_GONE},
    {"remove", DOCKER_EVENT_GONE},
    {"connect", DOCKER_EVENT_CHANGED}, /* of a network */
    {"disconnect", DOCKER_EVENT_CHANGED},
};

/* Signals that programs take as "read your configuration again" and the like. */
static bool is_harmless_signal(const char *signal)
{
    static const char *const harmless[] = {"1",      "10",      "12",      "28",
                                           "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH"};
    for (size_t i = 0; i < COUNT_OF(harmless); i++)
        if (str_eq(signal, harmless[i]))
            return true;
    return false;
}

static enum docker_event_kind event_kind(const char *action, const char *signal)
{
    if (str_starts(action, "health_status"))
        return DOCKER_EVENT_CHANGED;
    if (str_eq(action, "kill") && is_harmless_signal(signal))
        return DOCKER_EVENT_OTHER;
    for (size_t i = 0; i < COUNT_OF(event_kinds); i++)
        if (str_eq(action, event_kinds[i].action))
            return event_kinds[i].kind;
    return DOCKER_EVENT_OTHER;
}

int docker_parse_event(const char *json, size_t len, struct docker_event *ret_event)
{
    AUTO(decref) json_t *v = NULL;
    int r = json_parse(json, len, LIMIT_DOCKER_ANSWER, NULL, &v);
    if (r < 0)
        return r;
    const json_t *actor = json_object_get(v, "Actor");
    const json_t *attributes = json_object_get(actor, "Attributes");
    const char *type = json_get_str(v, "Type", "");
    const char *id = json_get_str(actor, "ID", json_get_str(v, "id", ""));
    if (str_eq(type, "network"))
        id = json_get_str(attributes, "container", "");
    else if (!str_eq(type, "container"))
        id = "";
    struct docker_event e = {.time_ns = json_get_int(v, "timeNano", 0)};
    if (docker_id_is_valid(id)) {
        str_copy(e.id, sizeof e.id, id);
        e.kind = event_kind(json_get_str(v, "Action", json_get_str(v, "status", "")),
                            json_get_str(attributes, "signal", ""));
    }
    *ret_event = e;
    return 0;
}

/* --- stats --- */

/* Nothing that runs used nothing: that means that the engine can't tell. */
static double known(double v)
{
    return v > 0 ? v : (double)NAN;
}

int docker_parse_stats(const char *json, size_t len, struct docker_stats *ret_stats)
{
    AUTO(decref) json_t *v = NULL;
    int r = json_parse(json, len, LIMIT_DOCKER_ANSWER, NULL, &v);
    if (r < 0)
        return r;
    if (!json_is_object(v))
        return -EINVAL;
    const json_t *cpu = json_object_get(json_object_get(v, "cpu_stats"), "cpu_usage");
    const json_t *memory = json_object_get(v, "memory_stats");
    const json_t *parts = json_object_get(memory, "stats");
    int64_t cache = json_get_int(parts, "total_inactive_file", /* cgroups version 1 */
                                 json_get_int(parts, "inactive_file", 0));
    int64_t used = json_get_int(memory, "usage", 0);
    *ret_stats = (struct docker_stats){
        .cpu_seconds = known((double)json_get_int(cpu, "total_usage", 0) / 1e9),
        .memory = known((double)(cache > 0 && cache < used ? used - cache : used)),
    };
    return 0;
}

/* --- logs --- */

static char *last_line_of(const char *text, size_t len)
{
    while (len) {
        const char *nl = memrchr(text, '\n', len);
        const char *start = nl ? nl + 1 : text;
        char *line = one_line(start, len - (size_t)(start - text));
        if (line)
            return line;
        len = nl ? (size_t)(nl - text) : 0;
    }
    return NULL;
}

/* The frames of one stream (0 = both), joined. Format: stream, 3 × 0, length as big-endian 32 bit,
 * bytes. */
static void join_frames(const char *log, size_t len, int stream, struct str *out)
{
    const unsigned char *p = (const unsigned char *)log, *end = p + len;
    while (end - p > 8) {
        size_t n = (size_t)p[4] << 24 | (size_t)p[5] << 16 | (size_t)p[6] << 8 | p[7];
        size_t left = (size_t)(end - p) - 8;
        n = n < left ? n : left;
        if (stream == 0 || p[0] == stream)
            str_add_n(out, p + 8, n);
        p += 8 + n;
    }
}

char *docker_last_line(const char *log, size_t len, bool tty)
{
    if (tty)
        return last_line_of(log, len);
    char *line = NULL;
    for (int stream = 2; stream >= 1 && !line; stream--) {
        struct str s = {0};
        join_frames(log, len, stream, &s);
        line = last_line_of(str_text(&s), s.len);
        str_done(&s);
    }
    return line;
}

char *docker_last_lines(const char *log, size_t len, bool tty)
{
    struct str text = {0}, out = {0};
    struct str_list lines = {0};
    if (tty)
        str_add_n(&text, log, len);
    else
        join_frames(log, len, 0, &text);
    for (const char *p = str_text(&text), *end = p + text.len; p < end;) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((nl ? nl : end) - p);
        char *line = one_line(p, n);
        if (line)
            str_list_take(&lines, line);
        p += n + 1;
    }
    for (size_t i = lines.n > LAST_LINES ? lines.n - LAST_LINES : 0; i < lines.n; i++)
        str_addf(&out, "%s\n", lines.v[i]);
    str_list_done(&lines);
    str_done(&text);
    return out.len ? str_take(&out) : NULL;
}
