#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

enum { MS_PER_S = 1000, S_PER_DAY = 86400 };

static int64_t read_ms(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * MS_PER_S + t.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

char *clock_rfc3339(int64_t wall_ms, char ret_text[CLOCK_RFC3339_SIZE])
{
    int64_t ms = wall_ms % MS_PER_S;
    if (ms < 0)
        ms += MS_PER_S;
    time_t seconds = (time_t)((wall_ms - ms) / MS_PER_S);
    struct tm t;
    if (!gmtime_r(&seconds, &t) || t.tm_year < -1900 || t.tm_year > 8099)
        t = (struct tm){.tm_year = 70, .tm_mday = 1};
    unsigned year = (unsigned)(t.tm_year + 1900) % 10000;
    snprintf(ret_text, CLOCK_RFC3339_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year,
             (unsigned)(t.tm_mon + 1) % 100, (unsigned)t.tm_mday % 100, (unsigned)t.tm_hour % 100,
             (unsigned)t.tm_min % 100, (unsigned)t.tm_sec % 100, (unsigned)ms % MS_PER_S);
    return ret_text;
}

static int digits(const char **p, int n)
{
    int v = 0;
    for (int i = 0; i < n; i++) {
        if (**p < '0' || **p > '9')
            return -1;
        v = v * 10 + (*(*p)++ - '0');
    }
    return v;
}

/* Days since 1970 of a civil date (Howard Hinnant, "chrono-compatible low-level date algorithms").
 */
static int64_t days_from_civil(int y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400, doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* Parses "Z" or "±hh:mm" to minutes east of UTC. */
static int parse_offset(const char **p, int *ret_minutes)
{
    if (**p == 'Z' || **p == 'z') {
        (*p)++;
        *ret_minutes = 0;
        return 0;
    }
    int sign = **p == '+' ? 1 : **p == '-' ? -1 : 0;
    if (!sign)
        return -EINVAL;
    (*p)++;
    int hours = digits(p, 2);
    if (hours < 0 || hours > 23 || *(*p)++ != ':')
        return -EINVAL;
    int minutes = digits(p, 2);
    if (minutes < 0 || minutes > 59)
        return -EINVAL;
    *ret_minutes = sign * (hours * 60 + minutes);
    return 0;
}

int clock_parse_rfc3339(const char *text, int64_t *ret_wall_ms)
{
    const char *p = text;
    int part[6];
    static const char after[] = {'-', '-', 'T', ':', ':', 0};
    for (int i = 0; i < 6; i++) {
        part[i] = digits(&p, i == 0 ? 4 : 2);
        if (part[i] < 0)
            return -EINVAL;
        if (after[i] && (*p++ | 0x20) != (after[i] | 0x20))
            return -EINVAL;
    }
    if (part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31 || part[3] > 23 ||
        part[4] > 59 || part[5] > 60)
        return -EINVAL;
    int ms = 0, scale = 100;
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++, scale /= 10)
            ms += (*p - '0') * scale;
    int offset = 0;
    if (parse_offset(&p, &offset) < 0 || *p)
        return -EINVAL;
    int64_t seconds = days_from_civil(part[0], part[1], part[2]) * S_PER_DAY +
                      part[3] * (int64_t)3600 + part[4] * (int64_t)60 + part[5];
    *ret_wall_ms = (seconds - (int64_t)offset * 60) * MS_PER_S + ms;
    return 0;
}

static int64_t unit_ms(const char **p)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1},      {"s", MS_PER_S}, {"m", 60000},
                 {"h", 3600000}, {"d", 86400000}, {"w", 604800000}};
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        size_t n = strlen(units[i].name);
        if (strncmp(*p, units[i].name, n) == 0 &&
            ((*p)[n] == 0 || ((*p)[n] >= '0' && (*p)[n] <= '9'))) {
            *p += n;
            return units[i].ms;
        }
    }
    return **p ? -1 : MS_PER_S;
}

int clock_parse_duration(const char *text, int64_t *ret_ms)
{
    const char *p = text;
    int64_t total = 0;
    if (!p || !*p)
        return -EINVAL;
    while (*p) {
        int64_t v = 0;
        if (*p < '0' || *p > '9')
            return -EINVAL;
        for (; *p >= '0' && *p <= '9'; p++) {
            if (v > INT64_MAX / 10 - 10)
                return -ERANGE;
            v = v * 10 + (*p - '0');
        }
        int64_t unit = unit_ms(&p);
        if (unit < 0)
            return -EINVAL;
        if (v > (INT64_MAX - total) / unit)
            return -ERANGE;
        total += v * unit;
    }
    *ret_ms = total;
    return 0;
}

char *clock_age(int64_t ms, char ret_text[CLOCK_AGE_SIZE])
{
    long long s = ms < 0 ? 0 : ms / MS_PER_S;
    if (s < 60)
        snprintf(ret_text, CLOCK_AGE_SIZE, "%lld s", s);
    else if (s < 3600)
        snprintf(ret_text, CLOCK_AGE_SIZE, "%lld min", s / 60);
    else if (s < S_PER_DAY)
        snprintf(ret_text, CLOCK_AGE_SIZE, "%lld h %lld min", s / 3600, s % 3600 / 60);
    else
        snprintf(ret_text, CLOCK_AGE_SIZE, "%lld d %lld h", s / S_PER_DAY % 1000000,
                 s % S_PER_DAY / 3600);
    return ret_text;
}
