/* What a disk says of itself, from `smartctl --json -a` (smartmontools 7.0 and newer). Pure. */
#pragma once

#include "base/json.h"

enum { LIMIT_SMART_ANSWER = 1 << 20, SMART_ASLEEP = 3 /* exit code that we ask for */ };

enum smart_passed { SMART_UNKNOWN, SMART_PASSED, SMART_FAILED };

/* NaN = not told. */
struct smart {
    enum smart_passed passed;
    bool asleep; /* it was left so */
    bool denied; /* this program may not ask */
    double temperature_c, power_on_hours, power_cycles;
    double reallocated, pending, uncorrectable, crc_errors; /* ATA, SAS */
    double media_errors, spare_percent, spare_least;        /* NVMe */
    double wear_percent, written_bytes;                     /* SSDs */
    char model[96], serial[64], self_test[96];
    char trouble[200]; /* smartctl's own words, when it has nothing to tell; "" */
};

/* `status`: smartctl's exit code. -EINVAL when it printed no JSON. */
int smart_parse(const char *json, size_t len, int status, struct err *e,
                struct smart *ret_s) MUST_CHECK;
/* Nothing is known. */
void smart_init(struct smart *s);

/* "ok", "warning", "failing" or "unknown"; appends a sentence for each reason. */
const char *smart_judge(const struct smart *s, bool spins, struct str_list *problems);

/* The object DiskSmart of api/openapi.yaml. `text`, `hint`: why there is nothing; NULL. */
void smart_print(const struct smart *s, const char *text, const char *hint, struct jw *w);
