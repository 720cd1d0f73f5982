#include "node/smart.h"

#include <math.h>

enum {
    HOT_SPINNING_C = 55,
    HOT_FLASH_C = 75,
    WORN_PERCENT = 90,
    LBA_BYTES = 512,
    NVME_UNIT_BYTES = 512000, /* of "data units", by the NVMe specification */
};

void smart_init(struct smart *s)
{
    *s = (struct smart){.temperature_c = NAN,
                        .power_on_hours = NAN,
                        .power_cycles = NAN,
                        .reallocated = NAN,
                        .pending = NAN,
                        .uncorrectable = NAN,
                        .crc_errors = NAN,
                        .media_errors = NAN,
                        .spare_percent = NAN,
                        .spare_least = NAN,
                        .wear_percent = NAN,
                        .written_bytes = NAN};
}

/* --- reading --- */

static const json_t *at(const json_t *v, const char *path)
{
    char name[64];
    while (v && *path) {
        size_t n = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)n, path);
        v = json_object_get(v, name);
        path += n + (path[n] == '.');
    }
    return v;
}

static void take_number(const json_t *v, const char *path, double *ret)
{
    const json_t *n = at(v, path);
    if (json_is_number(n) && isfinite(json_number_value(n)))
        *ret = json_number_value(n);
}

static void take_text(const json_t *v, const char *path, char *ret, size_t size)
{
    const char *text = json_string_value(at(v, path));
    if (!text)
        return;
    str_copy(ret, size, text);
    str_mend_utf8(ret);
    str_trim(ret);
}

/* Numbers of attributes as most makers use them; where names differ, those that mean the same. */
static void take_attribute(struct smart *s, const json_t *a)
{
    double raw = NAN, value = NAN;
    const char *name = json_get_str(a, "name", "");
    take_number(a, "raw.value", &raw);
    take_number(a, "value", &value);
    switch (json_get_int(a, "id", 0)) {
    case 5:
        s->reallocated = raw;
        break;
    case 197:
        s->pending = raw;
        break;
    case 198:
        s->uncorrectable = raw;
        break;
    case 199:
        s->crc_errors = raw;
        break;
    case 173:
    case 177:
    case 202:
    case 231:
    case 233: /* what is left, in percent */
        if (strstr(name, "Wear") || strstr(name, "Life"))
            s->wear_percent = 100 - value;
        break;
    case 241:
        if (strstr(name, "LBA"))
            s->written_bytes = raw * LBA_BYTES;
        break;
    default:
        break;
    }
}

static void take_nvme(struct smart *s, const json_t *log)
{
    double units = NAN;
    take_number(log, "media_errors", &s->media_errors);
    take_number(log, "available_spare", &s->spare_percent);
    take_number(log, "available_spare_threshold", &s->spare_least);
    take_number(log, "percentage_used", &s->wear_percent);
    take_number(log, "data_units_written", &units);
    s->written_bytes = units * NVME_UNIT_BYTES;
}

static void take_messages(struct smart *s, const json_t *messages)
{
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const json_t *m = json_array_get(messages, i);
        const char *text = json_get_str(m, "string", "");
        if (str_eq(json_get_str(m, "severity", ""), "error") && !*s->trouble)
            take_text(m, "string", s->trouble, sizeof s->trouble);
        s->denied |= strstr(text, "Permission denied") || strstr(text, "Operation not permitted") ||
                     strstr(text, "No such file or directory"); /* hidden by a sandbox */
        s->asleep |= strstr(text, "in STANDBY mode") || strstr(text, "in SLEEP mode");
    }
}

static void take_all(struct smart *s, const json_t *v)
{
    const json_t *table = at(v, "ata_smart_attributes.table"),
                 *passed = at(v, "smart_status.passed");
    if (json_is_boolean(passed))
        s->passed = json_is_true(passed) ? SMART_PASSED : SMART_FAILED;
    for (size_t i = 0; i < json_array_size(table); i++)
        take_attribute(s, json_array_get(table, i));
    if (at(v, "nvme_smart_health_information_log"))
        take_nvme(s, at(v, "nvme_smart_health_information_log"));
    take_number(v, "temperature.current", &s->temperature_c);
    take_number(v, "power_on_time.hours", &s->power_on_hours);
    take_number(v, "power_cycle_count", &s->power_cycles);
    take_number(v, "scsi_grown_defect_list", &s->reallocated);
    take_number(v, "endurance_used.current_percent", &s->wear_percent);
    take_text(v, "model_name", s->model, sizeof s->model);
    take_text(v, "serial_number", s->serial, sizeof s->serial);
    take_text(json_array_get(at(v, "ata_smart_self_test_log.standard.table"), 0), "status.string",
              s->self_test, sizeof s->self_test);
    take_text(json_array_get(at(v, "nvme_self_test_log.table"), 0), "self_test_result.string",
              s->self_test, sizeof s->self_test);
}

int smart_parse(const char *json, size_t len, int status, struct err *e, struct smart *ret_s)
{
    AUTO(json_decrefp) json_t *v = NULL;
    int r = json_parse(json, len, LIMIT_SMART_ANSWER, e, &v);
    if (r == 0 && !json_is_object(v))
        r = err_set(e, -EINVAL, "smartctl printed something else than it should.");
    if (r < 0)
        return r;
    smart_init(ret_s);
    take_all(ret_s, v);
    take_messages(ret_s, at(v, "smartctl.messages"));
    ret_s->asleep |= status == SMART_ASLEEP;
    return 0;
}

/* --- judging --- */

static void say(struct str_list *problems, const char *before, double n, const char *after)
{
    str_list_take(problems, mem_printf("%s%.0f%s", before, n, after));
}

/* What a disk hides until it breaks; a comparison with NaN is false. */
static void find_warnings(const struct smart *s, bool spins, struct str_list *problems)
{
    double hot = spins ? HOT_SPINNING_C : HOT_FLASH_C;
    if (s->pending > 0)
        say(problems, "", s->pending,
            " sectors can't be read and wait to be replaced: back it up.");
    if (s->uncorrectable > 0)
        say(problems, "", s->uncorrectable, " sectors could not be read in its own tests.");
    if (s->reallocated > 0)
        say(problems, "", s->reallocated,
            " sectors were replaced by spare ones: watch whether it grows.");
    if (s->media_errors > 0)
        say(problems, "", s->media_errors, " times data could not be read back.");
    if (s->wear_percent >= WORN_PERCENT)
        say(problems, "", s->wear_percent,
            " % of the writes that its maker allows for are used up.");
    if (s->spare_percent <= s->spare_least)
        say(problems, "Only ", s->spare_percent, " % of its spare blocks are left.");
    if (s->temperature_c >= hot)
        say(problems, "It is ", s->temperature_c, " °C hot.");
}

const char *smart_judge(const struct smart *s, bool spins, struct str_list *problems)
{
    if (s->passed == SMART_FAILED)
        str_list_add(problems, "Its own verdict is that it fails: back it up and replace it.");
    find_warnings(s, spins, problems);
    if (s->passed == SMART_FAILED)
        return "failing";
    if (problems->n)
        return "warning";
    return s->passed == SMART_PASSED ? "ok" : "unknown";
}

/* --- printing --- */

void smart_print(const struct smart *s, const char *text, const char *hint, struct jw *w)
{
    const struct {
        const char *key;
        double v;
    } numbers[] = {{"temperature_c", s->temperature_c}, {"power_on_hours", s->power_on_hours},
                   {"power_cycles", s->power_cycles},   {"reallocated_sectors", s->reallocated},
                   {"pending_sectors", s->pending},     {"uncorrectable_sectors", s->uncorrectable},
                   {"crc_errors", s->crc_errors},       {"media_errors", s->media_errors},
                   {"wear_percent", s->wear_percent},   {"spare_percent", s->spare_percent},
                   {"written_bytes", s->written_bytes}};
    jw_object(w);
    jw_key_str(w, "text", text);
    jw_key_str(w, "hint", hint);
    jw_key(w, "passed");
    if (s->passed == SMART_UNKNOWN)
        jw_null(w);
    else
        jw_bool(w, s->passed == SMART_PASSED);
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        jw_key_num(w, numbers[i].key, numbers[i].v);
    jw_key_str(w, "self_test", *s->self_test ? s->self_test : NULL);
    jw_end_object(w);
}
