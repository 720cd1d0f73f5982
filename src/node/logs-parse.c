/* What lines say of themselves: severity, members, time; and what of them may be shown. */
#include "node/logs-private.h"

#include "base/json.h"
#include "node/mask.h"

#include <ctype.h>

enum { LOOK_FOR_LEVEL = 160 /* bytes at the beginning of a line */ };

static const char *const level_names[] = {"emerg",   "alert",  "crit", "err",
                                          "warning", "notice", "info", "debug"};

const char *line_level_name(enum line_level l)
{
    return l < LINE_NO_LEVEL ? level_names[l] : NULL;
}

int line_level_parse(const char *name, enum line_level *ret_level)
{
    for (size_t i = 0; i < COUNT_OF(level_names); i++)
        if (str_eq(name, level_names[i])) {
            *ret_level = (enum line_level)i;
            return 0;
        }
    return -EINVAL;
}

/* --- severity --- */

static const struct level_word {
    const char *word;
    enum line_level level;
} level_words[] = {
    {"emerg", LINE_EMERG},     {"emergency", LINE_EMERG}, {"alert", LINE_ALERT},
    {"crit", LINE_CRIT},       {"critical", LINE_CRIT},   {"fatal", LINE_CRIT},
    {"ftl", LINE_CRIT},        {"panic", LINE_CRIT},      {"err", LINE_ERR},
    {"error", LINE_ERR},       {"severe", LINE_ERR},      {"warn", LINE_WARNING},
    {"warning", LINE_WARNING}, {"wrn", LINE_WARNING},     {"notice", LINE_NOTICE},
    {"info", LINE_INFO},       {"inf", LINE_INFO},        {"information", LINE_INFO},
    {"log", LINE_INFO},        {"debug", LINE_DEBUG},     {"dbg", LINE_DEBUG},
    {"trace", LINE_DEBUG},     {"trc", LINE_DEBUG},       {"verbose", LINE_DEBUG},
};

static enum line_level level_of_word(const char *p, size_t n)
{
    for (size_t i = 0; i < COUNT_OF(level_words); i++)
        if (strlen(level_words[i].word) == n && strncasecmp(level_words[i].word, p, n) == 0)
            return level_words[i].level;
    return LINE_NO_LEVEL;
}

static bool is_upper(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isupper((unsigned char)p[i]))
            return false;
    return true;
}

/* Is the word at p[from … to) a mark rather than prose: "ERROR", "[error]", "error:",
 * "level=error"? */
static bool is_mark(const char *p, size_t n, size_t from, size_t to)
{
    char before = from ? p[from - 1] : 0, after = to < n ? p[to] : 0;
    if (before == '-' || before == '/' || before == '_' || before == '.' || after == '_' ||
        after == '-' || after == '/')
        return false;
    if (is_upper(p + from, to - from) || before == '[' || before == '<' || before == '(')
        return true;
    if (before == '=' || before == '"')
        return from >= 4 && (strncasecmp(p + from - (before == '"' ? 2 : 1) - 2, "el=", 3) == 0 ||
                             strncasecmp(p + from - (before == '"' ? 2 : 1) - 2, "vl=", 3) == 0 ||
                             strncasecmp(p + from - (before == '"' ? 2 : 1) - 2, "ty=", 3) == 0);
    return after == ':';
}

/* Behind an escape sequence ("\033[31m"); 0 = there is none. */
static size_t escape_length(const char *p, size_t n)
{
    if (n < 2 || p[0] != 033 || p[1] != '[')
        return 0;
    size_t i = 2;
    while (i < n && (unsigned char)p[i] < 0x40)
        i++;
    return i < n ? i + 1 : n;
}

/* "E0102 15:04:05.000000 …" of klog. */
static enum line_level level_of_klog(const char *p, size_t n)
{
    static const char letters[] = "EWIF";
    const char *at = n > 6 && p[5] == ' ' && *p ? strchr(letters, *p) : NULL;
    static const enum line_level levels[] = {LINE_ERR, LINE_WARNING, LINE_INFO, LINE_CRIT};
    for (int i = 1; at && i < 5; i++)
        if (!isdigit((unsigned char)p[i]))
            return LINE_NO_LEVEL;
    return at ? levels[at - letters] : LINE_NO_LEVEL;
}

static enum line_level level_of_prefix(const char *p, size_t n)
{
    if (n >= 3 && p[0] == '<' && p[1] >= '0' && p[1] <= '7' && p[2] == '>')
        return (enum line_level)(p[1] - '0');
    if (n >= 9 && memcmp(p, "Traceback", 9) == 0)
        return LINE_ERR;
    return level_of_klog(p, n);
}

static bool is_letter(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

/* What a mark begins or ends with, or consists of: all else is prose, which there is most of. */
static const bool is_telling[256] = {
    ['['] = true, ['<'] = true, ['('] = true, ['='] = true, ['"'] = true, [':'] = true,
    ['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true, ['E'] = true, ['F'] = true,
    ['G'] = true, ['H'] = true, ['I'] = true, ['J'] = true, ['K'] = true, ['L'] = true,
    ['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true, ['Q'] = true, ['R'] = true,
    ['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true, ['W'] = true, ['X'] = true,
    ['Y'] = true, ['Z'] = true,
};

/* The word that the telling character at `i` belongs to: before a colon, at a capital, behind
 * anything else. */
static enum line_level level_around(const char *p, size_t n, size_t i)
{
    enum { WORD_MIN = 3, WORD_MAX = 11 };
    size_t from = i + !is_letter(p[i]), to = from;
    if (p[i] == ':')
        for (from = to = i; from > 0 && i - from <= WORD_MAX && is_letter(p[from - 1]);)
            from--;
    else
        while (to < n && to - from <= WORD_MAX && is_letter(p[to]))
            to++;
    if (to - from < WORD_MIN || to - from > WORD_MAX || (from > 0 && is_letter(p[from - 1])) ||
        !is_mark(p, n, from, to))
        return LINE_NO_LEVEL;
    return level_of_word(p + from, to - from);
}

/* Four at once: this is what a search for errors spends its time with. */
static size_t skip_prose(const char *p, size_t n, size_t i)
{
    const unsigned char *u = (const unsigned char *)p;
    while (i + 4 <= n &&
           !(is_telling[u[i]] | is_telling[u[i + 1]] | is_telling[u[i + 2]] | is_telling[u[i + 3]]))
        i += 4;
    while (i < n && !is_telling[u[i]])
        i++;
    return i;
}

static enum line_level level_of_words(const char *p, size_t n)
{
    enum line_level l = level_of_prefix(p, n);
    for (size_t i = skip_prose(p, n, 0); l == LINE_NO_LEVEL && i < n; i = skip_prose(p, n, i + 1))
        l = level_around(p, n, i);
    return l;
}

/* Colours are skipped. */
static enum line_level level_of_plain(const char *text, size_t n)
{
    char p[LOOK_FOR_LEVEL];
    size_t len = 0, most = n < sizeof p ? n : sizeof p;
    if (!most || !memchr(text, 033, most))
        return level_of_words(text, most);
    for (size_t i = 0; i < n && len < sizeof p;) {
        size_t skip = escape_length(text + i, n - i);
        if (skip)
            i += skip;
        else
            p[len++] = text[i++];
    }
    return level_of_words(p, len);
}

/* pino and bunyan count 10 (trace) … 60 (fatal). */
static enum line_level level_of_number(int64_t v)
{
    static const enum line_level tens[] = {LINE_DEBUG,   LINE_DEBUG, LINE_INFO,
                                           LINE_WARNING, LINE_ERR,   LINE_CRIT};
    if (v >= 10 && v < 70)
        return tens[v / 10 - 1];
    return LINE_NO_LEVEL;
}

static enum line_level level_of_members(const json_t *object)
{
    static const char *const names[] = {"level",     "severity", "lvl", "log.level",
                                        "levelname", "loglevel", "@l",  "priority"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const json_t *v = json_object_get(object, names[i]);
        if (json_is_string(v))
            return level_of_word(json_string_value(v), json_string_length(v));
        if (json_is_integer(v))
            return level_of_number(json_integer_value(v));
    }
    return LINE_NO_LEVEL;
}

char *log_fields_of_text(const char *text, size_t n, enum line_level *ret_level)
{
    AUTO(json_decrefp) json_t *object = NULL;
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\r' || text[n - 1] == '\n'))
        n--;
    if (n < 2 || text[0] != '{' || text[n - 1] != '}' ||
        json_parse(text, n, LIMIT_LOG_FIELDS, NULL, &object) < 0)
        return NULL;
    if (!json_is_object(object))
        return NULL;
    *ret_level = level_of_members(object);
    return mem_strndup(text, n);
}

enum line_level line_level_of_text(const char *text, size_t n)
{
    enum line_level l = LINE_NO_LEVEL;
    if (n && text[0] == '{') {
        AUTO(mem_freep) char *fields = log_fields_of_text(text, n, &l);
        if (fields)
            return l;
    }
    return level_of_plain(text, n);
}

/* --- what may be shown --- */

/* Length of the well-formed UTF-8 character at `p` (RFC 3629); 0 = it is none. */
static size_t character(const unsigned char *p, size_t n)
{
    size_t len = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;
    if (!len || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool bad = (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
               (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f);
    return bad ? 0 : len;
}

static bool is_shown(unsigned char c)
{
    return (c >= 0x20 && c != 0x7f) || c == '\t' || c == '\n' || c == 033;
}

static void add_clean(struct str *out, const unsigned char *p, size_t n, bool *ret_cut)
{
    for (size_t i = 0; i < n;) {
        size_t len = character(p + i, n - i);
        bool good = len > 1 || (len == 1 && is_shown(p[i]));
        if (out->len + (good ? len : 3) > LIMIT_LOG_TEXT) {
            *ret_cut = true;
            return;
        }
        if (good)
            str_add_n(out, p + i, len);
        else if (p[i] != '\r')
            str_add_n(out, "\xef\xbf\xbd", 3);
        i += len ? len : 1;
    }
}

char *log_clean(const char *bytes, size_t n, bool *ret_cut)
{
    struct str out = {0}, masked = {0};
    bool cut = false;
    while (n && (bytes[n - 1] == '\n' || bytes[n - 1] == '\r'))
        n--;
    str_reserve(&out, (n < LIMIT_LOG_TEXT ? n : LIMIT_LOG_TEXT) + 1);
    add_clean(&out, (const unsigned char *)bytes, n, &cut);
    if (cut)
        *ret_cut = true;
    if (!text_mask(str_text(&out), out.len, &masked))
        return str_take(&out);
    str_done(&out);
    return str_take(&masked);
}

/* --- time --- */

static int64_t days_before_year(int64_t y)
{
    y--;
    return y * 365 + y / 4 - y / 100 + y / 400;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t days_of(int64_t year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days_before_year(year) - days_before_year(1970) + before[month - 1] +
           (month > 2 && leap) + day - 1;
}

static int number(const char *p, size_t digits)
{
    int v = 0;
    for (size_t i = 0; i < digits; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

/* "Z" or "+02:00": its length, and how far east in seconds. */
static size_t zone(const char *p, size_t n, int64_t *ret_east_s)
{
    *ret_east_s = 0;
    if (n >= 1 && (*p == 'Z' || *p == 'z'))
        return 1;
    if (n < 6 || (*p != '+' && *p != '-') || p[3] != ':')
        return 0;
    int h = number(p + 1, 2), m = number(p + 4, 2);
    if (h < 0 || m < 0)
        return 0;
    int minutes = h * 60 + m;
    *ret_east_s = (int64_t)(*p == '-' ? -minutes : minutes) * 60;
    return 6;
}

size_t log_parse_time(const char *p, size_t n, int64_t *ret_ns)
{
    if (n < 20 || p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':' || p[16] != ':')
        return 0;
    int year = number(p, 4), month = number(p + 5, 2), day = number(p + 8, 2);
    int hour = number(p + 11, 2), minute = number(p + 14, 2), second = number(p + 17, 2);
    if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 ||
        minute < 0 || second < 0 || hour > 23 || minute > 59 || second > 60)
        return 0;
    int64_t ns = 0, east;
    size_t at = 19;
    if (p[at] == '.') {
        int64_t unit = 100000000;
        for (at++; at < n && isdigit((unsigned char)p[at]); at++, unit /= 10)
            ns += unit * (p[at] - '0');
    }
    size_t len = zone(p + at, n - at, &east);
    if (!len)
        return 0;
    int64_t hours = days_of(year, month, day) * 24 + hour;
    int64_t s = (hours * 60 + minute) * 60 + second - east;
    *ret_ns = s * 1000000000 + ns;
    return at + len;
}
