#include "demo/lines.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    SLOT_LINES = 12,      /* lines are made for a while at a time: about so many */
    SAY_STEP_US = 140000, /* between two lines of a start */
    FOLLOW_US = 2000,     /* between a line and those that belong to it */
    LIMIT_PATTERN_FILE = 256 << 10,
    LIMIT_FIELD = 512, /* bytes between { and } */
};

struct pattern {
    unsigned weight;
    enum line_level level;
    struct str_list texts; /* the line, and those that follow it at once */
};
struct pattern_list {
    VEC(struct pattern) v;
};
struct patterns {
    struct str_list services;
    double every_s;
    unsigned weights;
    struct pattern_list usual, when[LINES_WHEN];
};
struct lines {
    VEC(struct patterns *) files;
};

void writings_done(struct writings *w)
{
    for (size_t i = 0; i < w->lines.n; i++)
        mem_free(w->lines.v[i].text);
    vec_done(&w->lines);
}

/* --- chance that is the same each time --- */

static uint64_t next_chance(uint64_t *state) /* splitmix64, by Steele, Lea and Flood */
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double next_share(uint64_t *state) /* [0, 1) */
{
    return (double)(next_chance(state) >> 11) / 9007199254740992.0;
}

static uint64_t seed_of(const char *text, int64_t number)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h ^ (uint64_t)number * 0x9e3779b97f4a7c15u;
}

/* --- a text from its pattern --- */

struct telling {
    uint64_t *chance;
    int64_t us;
    const char *service;
};

static void add_time(struct str *out, const char *format, int64_t us)
{
    char text[128], f[LIMIT_FIELD];
    time_t s = (time_t)(us / 1000000);
    struct tm tm;
    size_t n = 0;
    for (const char *p = format; *p && n + 4 < sizeof f; p++) {
        if (p[0] == '%' && p[1] == 'f') {
            n += (size_t)snprintf(f + n, sizeof f - n, "%03d", (int)(us / 1000 % 1000));
            p++;
        } else {
            f[n++] = *p;
        }
    }
    f[n] = 0;
    gmtime_r(&s, &tm);
    /* The formats are those of the demonstration's own files. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    n = strftime(text, sizeof text, f, &tm);
#pragma GCC diagnostic pop
    str_add_n(out, text, n);
}

static bool add_range(struct str *out, const char *field, uint64_t *chance)
{
    const char *dots = strstr(field, "..");
    char low[32];
    double from, to;
    if (!dots || (size_t)(dots - field) >= sizeof low)
        return false;
    memcpy(low, field, (size_t)(dots - field));
    low[dots - field] = 0;
    if (str_to_double(low, &from) < 0 || str_to_double(dots + 2, &to) < 0)
        return false;
    const char *point = strchr(low, '.');
    double v = from + (to - from + (point ? 0 : 1)) * next_share(chance);
    str_addf(out, "%.*f", point ? (int)strlen(point + 1) : 0, point ? v : (double)(int64_t)v);
    return true;
}

static void add_one_of(struct str *out, const char *field, uint64_t *chance)
{
    size_t n = 1;
    for (const char *p = field; *p; p++)
        n += *p == '|';
    for (size_t skip = next_chance(chance) % n; skip; skip--)
        field = strchr(field, '|') + 1;
    str_add_n(out, field, strcspn(field, "|"));
}

static void add_hex(struct str *out, unsigned n, uint64_t *chance)
{
    for (unsigned i = 0; i < n; i++)
        str_addf(out, "%x", (unsigned)(next_chance(chance) & 15));
}

static bool add_field(struct str *out, const char *field, const struct telling *t)
{
    char *end;
    const char *slash = strrchr(t->service, '/');
    if (str_eq(field, "name"))
        str_add(out, slash ? slash + 1 : t->service);
    else if (field[0] == 'x' && isdigit((unsigned char)field[1]))
        add_hex(out, (unsigned)strtoul(field + 1, &end, 10), t->chance);
    else if (strchr(field, '%'))
        add_time(out, field, t->us);
    else if (strchr(field, '|'))
        add_one_of(out, field, t->chance);
    else
        return add_range(out, field, t->chance);
    return true;
}

/* Length of a field at `p`, braces and all; 0 = it is none: JSON has braces, too. */
static size_t field_at(const char *p, char ret_field[LIMIT_FIELD])
{
    size_t n = strcspn(p + 1, "{}\"");
    if (p[1 + n] != '}' || n == 0 || n >= LIMIT_FIELD)
        return 0;
    memcpy(ret_field, p + 1, n);
    ret_field[n] = 0;
    return n + 2;
}

static char *tell(const char *text, const struct telling *t)
{
    struct str out = {0};
    char field[LIMIT_FIELD];
    for (const char *p = text; *p;) {
        size_t n = *p == '{' ? field_at(p, field) : 0;
        if (n && add_field(&out, field, t)) {
            p += n;
        } else if (p[0] == '\\' && p[1] == 'e') {
            str_add_char(&out, '\033');
            p += 2;
        } else {
            str_add_char(&out, *p++);
        }
    }
    return str_take(&out);
}

static void write_pattern(const struct pattern *p, const struct telling *t, struct writings *out)
{
    struct telling own = *t;
    for (size_t i = 0; i < p->texts.n; i++, own.us += FOLLOW_US)
        *vec_add(&out->lines) =
            (struct written){own.us, p->level, tell(p->texts.v[i], &own), t->service};
}

/* --- what is written when --- */

static const struct pattern *choose(const struct patterns *p, uint64_t *chance)
{
    unsigned at = p->weights ? (unsigned)(next_chance(chance) % p->weights) : 0;
    for (size_t i = 0; i < p->usual.v.n; i++) {
        if (at < p->usual.v.v[i].weight)
            return &p->usual.v.v[i];
        at -= p->usual.v.v[i].weight;
    }
    return NULL;
}

/* One slot: its lines stand in even milliseconds, one after the other. */
static void write_slot(const struct patterns *p, const char *service, int64_t slot,
                       int64_t length_us, struct writings *out)
{
    uint64_t chance = seed_of(service, slot);
    unsigned n = SLOT_LINES / 2 + (unsigned)(next_chance(&chance) % (SLOT_LINES + 1));
    for (unsigned i = 0; i < n; i++) {
        double share = ((double)i + next_share(&chance) * 0.9) / n;
        int64_t us = slot * length_us + (int64_t)(share * (double)length_us);
        const struct pattern *one = choose(p, &chance);
        if (one)
            write_pattern(one, &(struct telling){&chance, us / 2000 * 2000, service}, out);
    }
}

static void drop_outside(struct writings *w, size_t first, int64_t from_us, int64_t to_us)
{
    size_t kept = first;
    for (size_t i = first; i < w->lines.n; i++) {
        struct written *one = &w->lines.v[i];
        if (one->us >= from_us && one->us < to_us)
            w->lines.v[kept++] = *one;
        else
            mem_free(one->text);
    }
    w->lines.n = kept;
}

void lines_between(const struct patterns *p, const char *service, int64_t from_us, int64_t to_us,
                   struct writings *out)
{
    int64_t length_us = (int64_t)(p->every_s * SLOT_LINES * 1e6) / 2000 * 2000;
    size_t first = out->lines.n;
    if (!p->weights || to_us <= from_us)
        return;
    for (int64_t slot = from_us / length_us; slot * length_us < to_us; slot++)
        write_slot(p, service, slot, length_us, out);
    drop_outside(out, first, from_us, to_us);
}

int64_t lines_say(const struct patterns *p, const char *service, enum lines_when when,
                  int64_t at_us, struct writings *out)
{
    uint64_t chance = seed_of(service, at_us);
    const struct pattern_list *l = &p->when[when];
    for (size_t i = 0; i < l->v.n; i++) {
        write_pattern(&l->v.v[i], &(struct telling){&chance, at_us, service}, out);
        at_us += SAY_STEP_US + (int64_t)(next_chance(&chance) % SAY_STEP_US);
    }
    return at_us;
}

/* --- files --- */

static void free_list(struct pattern_list *l)
{
    for (size_t i = 0; i < l->v.n; i++)
        str_list_done(&l->v.v[i].texts);
    vec_done(&l->v);
}

static void free_patterns(struct patterns *p)
{
    str_list_done(&p->services);
    free_list(&p->usual);
    for (unsigned i = 0; i < LINES_WHEN; i++)
        free_list(&p->when[i]);
    mem_free(p);
}

struct lines *lines_new(void)
{
    return mem_alloc(sizeof(struct lines));
}

void lines_free(struct lines *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->files.n; i++)
        free_patterns(l->files.v[i]);
    vec_done(&l->files);
    mem_free(l);
}

struct reading {
    struct patterns *to;
    struct pattern_list *last; /* what "|" belongs to */
    const char *name;
    unsigned number;
    struct err *e;
};

static int fault(const struct reading *r, const char *what)
{
    return err_set(r->e, -EINVAL, "%s line %u: %s", r->name, r->number, what);
}

static void add_pattern(struct reading *r, struct pattern_list *l, unsigned weight,
                        const char *text)
{
    struct pattern *p = vec_add(&l->v);
    p->weight = weight;
    p->level = LINE_NO_LEVEL;
    if (text[0] == '@' && text[1] >= '0' && text[1] <= '7' && text[2] == ' ') {
        p->level = (enum line_level)(text[1] - '0');
        text += 3;
    }
    str_list_add(&p->texts, text);
    r->last = l;
}

static int take_follower(struct reading *r, const char *text)
{
    if (!r->last)
        return fault(r, "there is no line that this one could follow.");
    str_list_add(&r->last->v.v[r->last->v.n - 1].texts, text);
    return 0;
}

static int take_weighted(struct reading *r, char *line)
{
    uint64_t weight;
    char *blank = strchr(line, ' ');
    if (!blank)
        return fault(r, "expected a number, a blank and a text.");
    *blank = 0;
    if (str_to_u64(line, &weight) < 0 || weight == 0 || weight > 100000)
        return fault(r, "expected =, ~, >, <, !, | or how often, 1 to 100000.");
    r->to->weights += (unsigned)weight;
    add_pattern(r, &r->to->usual, (unsigned)weight, blank + 1);
    return 0;
}

static int take_line(struct reading *r, char *line)
{
    static const char moments[] = "><!";
    const char *rest = line[0] && line[1] == ' ' ? line + 2 : line + strlen(line);
    const char *moment = *line ? strchr(moments, *line) : NULL;
    if (*line == 0 || *line == '#')
        return 0;
    if (moment) {
        add_pattern(r, &r->to->when[moment - moments], 0, rest);
        return 0;
    }
    switch (*line) {
    case '=':
        str_list_split(&r->to->services, rest, ' ');
        return 0;
    case '~':
        return str_to_double(rest, &r->to->every_s) < 0 || r->to->every_s < 0.01
                   ? fault(r, "expected seconds, 0.01 or more.")
                   : 0;
    case '|':
        return take_follower(r, rest);
    default:
        return take_weighted(r, line);
    }
}

int lines_parse(struct lines *l, const char *name, const char *text, struct err *e)
{
    AUTO(mem_freep) char *copy = mem_strdup(text);
    struct reading r = {.to = mem_alloc(sizeof *r.to), .name = name, .e = e};
    int status = 0;
    r.to->every_s = 60;
    for (char *at = copy; status >= 0 && *at;) {
        size_t n = strcspn(at, "\n");
        bool more = at[n] != 0;
        at[n] = 0;
        r.number++;
        status = take_line(&r, at);
        at += n + more;
    }
    if (status >= 0 && !r.to->services.n)
        status = fault(&r, "no service is named: = docker/NAME");
    if (status < 0)
        free_patterns(r.to);
    else
        *vec_add(&l->files) = r.to;
    return status;
}

static int read_file(struct lines *l, const char *path, const char *name, struct err *e)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return err_set(e, -errno, "%s can't be read", path);
    AUTO(mem_freep) char *text = mem_alloc(LIMIT_PATTERN_FILE);
    size_t n = fread(text, 1, LIMIT_PATTERN_FILE - 1, f);
    fclose(f);
    text[n] = 0;
    return lines_parse(l, name, text, e);
}

static int only_logs(const struct dirent *d)
{
    return str_ends(d->d_name, ".log");
}

int lines_load(const char *folder, struct err *e, struct lines **ret_l)
{
    AUTO(lines_freep) struct lines *l = lines_new();
    struct dirent **found = NULL;
    int n = scandir(folder, &found, only_logs, alphasort), status = 0;
    if (n < 0)
        return err_set(e, -errno, "%s can't be read", folder);
    for (int i = 0; i < n; i++) {
        AUTO(mem_freep) char *path = mem_printf("%s/%s", folder, found[i]->d_name);
        if (status >= 0)
            status = read_file(l, path, found[i]->d_name, e);
        free(found[i]); /* scandir's own */
    }
    free(found);
    if (status >= 0)
        *ret_l = TAKE(l);
    return status;
}

static bool is_about(const struct patterns *p, const char *name)
{
    for (size_t i = 0; i < p->services.n; i++)
        if (str_glob(p->services.v[i], name))
            return true;
    return false;
}

const struct patterns *lines_of(const struct lines *l, const char *node, const char *service)
{
    AUTO(mem_freep) char *full = mem_printf("%s/%s", node, service);
    for (size_t i = 0; i < l->files.n; i++)
        if (is_about(l->files.v[i], full))
            return l->files.v[i];
    for (size_t i = 0; i < l->files.n; i++)
        if (is_about(l->files.v[i], service))
            return l->files.v[i];
    return NULL;
}
