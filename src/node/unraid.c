#include "node/unraid.h"

#include "node/line.h"

enum { KIB = 1024 };

#define DISK_FIELDS                                                                                \
    "name device size status rotational temp numErrors fsSize fsFree fsUsed type fsType color"
#define ALL_DISKS(fields)                                                                          \
    "{\"query\":\"query{array{parities{" fields "}disks{" fields "}caches{" fields "}}}\"}"

static const struct {
    const char *name;
    const char *questions[UNRAID_SPELLINGS];
} parts[UNRAID_PARTS] = {
    [UNRAID_SYSTEM] = {"system",
                       {"{\"query\":\"query{info{versions{core{unraid}}}}\"}",
                        "{\"query\":\"query{info{versions{unraid}}}\"}"}},
    [UNRAID_ARRAY] = {"array",
                      {"{\"query\":\"query{array{state capacity{kilobytes{free used total}}}}\"}",
                       NULL}},
    [UNRAID_PARITY] = {"parity",
                       {"{\"query\":\"query{array{parityCheckStatus{status progress speed errors "
                        "date running paused}}}\"}",
                        NULL}},
    [UNRAID_DISKS] = {"disks", {ALL_DISKS(DISK_FIELDS " isSpinning"), ALL_DISKS(DISK_FIELDS)}},
    [UNRAID_SHARES] = {"shares",
                       {"{\"query\":\"query{shares{name comment free used size cache}}\"}", NULL}},
};

const char *unraid_question(enum unraid_part part, unsigned spelling)
{
    return spelling < UNRAID_SPELLINGS ? parts[part].questions[spelling] : NULL;
}

int unraid_take(const char *json, size_t len, struct err *e, json_t **ret_data)
{
    AUTO(json_decrefp) json_t *v = NULL;
    if (json_parse(json, len, LIMIT_UNRAID_ANSWER, NULL, &v) < 0 || !json_is_object(v))
        return err_set(e, -EBADMSG, "Unraid answered something that is no answer of its API.");
    const json_t *errors = json_object_get(v, "errors");
    json_t *data = json_object_get(v, "data");
    if (json_array_size(errors) || !json_is_object(data)) {
        const char *text = json_get_str(json_array_get(errors, 0), "message", "");
        AUTO(mem_freep) char *line = one_line(text, strlen(text));
        return err_set(e, -EINVAL, "Unraid refuses: %s", line ? line : "it gives no reason.");
    }
    *ret_data = json_incref(data);
    return 0;
}

/* --- printing --- */

/* GraphQL's BigInt may be a number or a text. */
static bool number_of(const json_t *v, const char *key, double *ret_n)
{
    const json_t *n = json_object_get(v, key);
    if (json_is_number(n)) {
        *ret_n = json_number_value(n);
        return true;
    }
    return json_is_string(n) && str_to_double(json_string_value(n), ret_n) == 0;
}

static void key_scaled(struct jw *w, const char *key, const json_t *v, const char *name,
                       double scale)
{
    double n;
    jw_key(w, key);
    if (number_of(v, name, &n) && n >= 0)
        jw_num(w, n * scale);
    else
        jw_null(w);
}

static void key_text(struct jw *w, const char *key, const json_t *v, const char *name)
{
    const char *text = json_get_str(v, name, "");
    jw_key_str(w, key, *text ? text : NULL);
}

static const json_t *below(const json_t *v, const char *a, const char *b)
{
    return json_object_get(json_object_get(v, a), b);
}

static void print_system(const json_t *data, struct jw *w)
{
    const json_t *versions = below(data, "info", "versions");
    const json_t *core = json_object_get(versions, "core");
    key_text(w, "version", core ? core : versions, "unraid");
}

static void print_array(const json_t *data, struct jw *w)
{
    const json_t *array = json_object_get(data, "array");
    const json_t *capacity = below(array, "capacity", "kilobytes");
    jw_key(w, "array");
    if (!array) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_key_str(w, "state", json_get_str(array, "state", ""));
    key_scaled(w, "total_bytes", capacity, "total", KIB);
    key_scaled(w, "used_bytes", capacity, "used", KIB);
    key_scaled(w, "free_bytes", capacity, "free", KIB);
    jw_end_object(w);
}

static void print_parity(const json_t *data, struct jw *w)
{
    const json_t *p = below(data, "array", "parityCheckStatus");
    jw_key(w, "parity");
    if (!json_is_object(p)) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_key_str(w, "status", json_get_str(p, "status", ""));
    jw_key_bool(w, "running", json_get_bool(p, "running", false));
    jw_key_bool(w, "paused", json_get_bool(p, "paused", false));
    key_scaled(w, "progress_percent", p, "progress", 1);
    key_text(w, "speed", p, "speed");
    key_scaled(w, "errors", p, "errors", 1);
    key_text(w, "date", p, "date");
    jw_end_object(w);
}

/* Older releases tell it by the blinking of the light alone. */
static void print_asleep(const json_t *d, struct jw *w)
{
    const json_t *spinning = json_object_get(d, "isSpinning");
    const char *color = json_get_str(d, "color", "");
    jw_key(w, "asleep");
    if (json_is_boolean(spinning))
        jw_bool(w, json_is_false(spinning));
    else if (*color)
        jw_bool(w, str_ends(color, "_BLINK"));
    else
        jw_null(w);
}

static void print_disk(const json_t *d, const char *role, struct jw *w)
{
    const char *status = json_get_str(d, "status", "");
    jw_object(w);
    jw_key_str(w, "name", json_get_str(d, "name", ""));
    key_text(w, "device", d, "device");
    jw_key_str(w, "role", role);
    key_scaled(w, "bytes", d, "size", KIB);
    jw_key_str(w, "status", status);
    jw_key_bool(w, "ok", str_eq(status, "DISK_OK"));
    print_asleep(d, w);
    key_scaled(w, "temperature_c", d, "temp", 1);
    key_scaled(w, "errors", d, "numErrors", 1);
    key_text(w, "fs_type", d, "fsType");
    key_scaled(w, "fs_bytes", d, "fsSize", KIB);
    key_scaled(w, "fs_used_bytes", d, "fsUsed", KIB);
    jw_end_object(w);
}

static void print_disks(const json_t *data, struct jw *w)
{
    static const char *const lists[][2] = {
        {"parities", "parity"}, {"disks", "data"}, {"caches", "cache"}};
    jw_key(w, "disks");
    jw_array(w);
    for (size_t k = 0; k < COUNT_OF(lists); k++) {
        const json_t *list = below(data, "array", lists[k][0]);
        for (size_t i = 0; i < json_array_size(list); i++)
            if (json_is_object(json_array_get(list, i)))
                print_disk(json_array_get(list, i), lists[k][1], w);
    }
    jw_end_array(w);
}

static void print_shares(const json_t *data, struct jw *w)
{
    const json_t *list = json_object_get(data, "shares");
    jw_key(w, "shares");
    jw_array(w);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *s = json_array_get(list, i);
        jw_object(w);
        jw_key_str(w, "name", json_get_str(s, "name", ""));
        key_text(w, "comment", s, "comment");
        key_scaled(w, "used_bytes", s, "used", KIB);
        key_scaled(w, "free_bytes", s, "free", KIB);
        jw_key_bool(w, "cache", json_get_bool(s, "cache", false));
        jw_end_object(w);
    }
    jw_end_array(w);
}

void unraid_print(json_t *const data[UNRAID_PARTS], char *const troubles[UNRAID_PARTS],
                  struct jw *w)
{
    jw_object(w);
    print_system(data[UNRAID_SYSTEM], w);
    print_array(data[UNRAID_ARRAY], w);
    print_parity(data[UNRAID_PARITY], w);
    print_disks(data[UNRAID_DISKS], w);
    print_shares(data[UNRAID_SHARES], w);
    jw_key(w, "troubles");
    jw_array(w);
    for (size_t i = 0; i < UNRAID_PARTS; i++) {
        if (!troubles[i])
            continue;
        jw_object(w);
        jw_key_str(w, "what", parts[i].name);
        jw_key_str(w, "text", troubles[i]);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_end_object(w);
}
