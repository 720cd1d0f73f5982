#include "cli/print.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <yaml.h>

/* --- one cell --- */

const char *color_of(const struct invocation *v, const char *state)
{
    static const struct {
        const char *state, *color;
    } colors[] = {
        {"healthy", "\033[32m"}, {"ok", "\033[32m"},       {"online", "\033[32m"},
        {"done", "\033[32m"},    {"degraded", "\033[33m"}, {"warn", "\033[33m"},
        {"late", "\033[33m"},    {"down", "\033[31m"},     {"bad", "\033[31m"},
        {"failed", "\033[31m"},  {"refused", "\033[31m"},  {"info", "\033[34m"},
        {"working", "\033[36m"}, {"away", "\033[2m"},      {"unknown", "\033[2m"},
        {"stopped", "\033[2m"},  {"disabled", "\033[2m"},  {"running", "\033[36m"},
        {"waiting", "\033[2m"},  {"cancelled", "\033[2m"}, {"lost", "\033[31m"},
    };
    for (size_t i = 0; v->color && i < COUNT_OF(colors); i++)
        if (str_eq(colors[i].state, state))
            return colors[i].color;
    return "";
}

const char *color_end(const struct invocation *v)
{
    return v->color ? "\033[0m" : "";
}

void print_bytes(double bytes, struct str *out)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t u = 0;
    for (; fabs(bytes) >= 999.5 && u + 1 < COUNT_OF(units); u++)
        bytes /= 1000;
    int decimals = u == 0 || fabs(bytes) >= 99.95 ? 0 : fabs(bytes) >= 9.995 ? 1 : 2;
    str_addf(out, "%.*f %s", decimals, bytes, units[u]);
}

static void print_number(double v, struct str *out)
{
    int decimals = v == rint(v) || fabs(v) >= 100 ? 0 : fabs(v) >= 10 ? 1 : 2;
    str_addf(out, "%.*f", decimals, v);
}

/* Peer text on a terminal: control characters would move its cursor. */
static void print_text(const char *s, struct str *out)
{
    for (; *s; s++)
        str_add_char(out, (unsigned char)*s < 0x20 || *s == 0x7f ? ' ' : *s);
}

static void print_time(const char *text, bool as_age, int64_t now_ms, struct str *out)
{
    int64_t ms;
    if (clock_parse_rfc3339(text, &ms) < 0) {
        print_text(text, out);
        return;
    }
    if (as_age) {
        char age[CLOCK_AGE_SIZE];
        str_add(out, clock_age(now_ms - ms, age));
        return;
    }
    time_t seconds = (time_t)(ms / 1000);
    struct tm t;
    char shown[32] = "";
    if (localtime_r(&seconds, &t))
        strftime(shown, sizeof shown, "%Y-%m-%d %H:%M:%S", &t);
    str_add(out, shown);
}

static void print_cell(const json_t *cell, const char *kind, int64_t now_ms, struct str *out)
{
    if (json_is_string(cell)) {
        bool age = str_eq(kind, "age");
        if (age || str_eq(kind, "time"))
            print_time(json_string_value(cell), age, now_ms, out);
        else
            print_text(json_string_value(cell), out);
    } else if (json_is_number(cell)) {
        double v = json_number_value(cell);
        if (str_eq(kind, "bytes"))
            print_bytes(v, out);
        else
            print_number(v, out);
        if (str_eq(kind, "percent"))
            str_add(out, " %");
    } else if (json_is_boolean(cell)) {
        str_add(out, json_is_true(cell) ? "yes" : "no");
    } else {
        str_add(out, "-");
    }
}

/* --- the table --- */

/* Columns that a UTF-8 text takes, every character counted as one. */
static size_t width_of(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static size_t cut_at(const char *s, size_t columns)
{
    size_t n = 0, i = 0;
    for (; s[i]; i++)
        if (((unsigned char)s[i] & 0xc0) != 0x80 && n++ == columns)
            break;
    return i;
}

static void pad(struct str *out, size_t n)
{
    while (n--)
        str_add_char(out, ' ');
}

static size_t terminal_width(void)
{
    struct winsize w;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 40
               ? w.ws_col
               : 0;
}

struct grid {
    const json_t *columns;
    struct str_list cells; /* row by row, the head first */
    size_t n, *widths;
};

static void fill_grid(struct grid *g, const json_t *table, int64_t now_ms)
{
    g->columns = json_object_get(table, "columns");
    g->n = json_array_size(g->columns);
    g->widths = mem_array(g->n, sizeof *g->widths);
    size_t r, k;
    const json_t *row;
    for (k = 0; k < g->n; k++)
        str_list_add(&g->cells, json_get_str(json_array_get(g->columns, k), "title", ""));
    json_array_foreach (json_object_get(table, "rows"), r, row)
        for (k = 0; k < g->n; k++) {
            struct str cell = {0};
            print_cell(json_array_get(row, k),
                       json_get_str(json_array_get(g->columns, k), "kind", "text"), now_ms, &cell);
            str_list_take(&g->cells, str_take(&cell));
        }
    for (k = 0; k < g->n; k++)
        for (size_t i = k; i < g->cells.n; i += g->n) {
            size_t w = width_of(g->cells.v[i]);
            if (w > g->widths[k])
                g->widths[k] = w;
        }
}

static void print_row(const struct invocation *v, const struct grid *g, size_t row, size_t room,
                      struct str *out)
{
    size_t used = 0;
    for (size_t k = 0; k < g->n; k++) {
        const json_t *column = json_array_get(g->columns, k);
        const char *cell = g->cells.v[row * g->n + k];
        bool last = k + 1 == g->n, right = str_eq(json_get_str(column, "align", "left"), "right");
        bool state = row && str_eq(json_get_str(column, "kind", ""), "state");
        size_t width = width_of(cell), bytes = strlen(cell);
        if (last && room && used + width > room)
            bytes = cut_at(cell, room > used + 1 ? room - used : 1);
        if (right)
            pad(out, g->widths[k] - width);
        str_add(out, row == 0 && v->color ? "\033[2m" : state ? color_of(v, cell) : "");
        str_add_n(out, cell, bytes);
        str_add(out, (row == 0 || state) ? color_end(v) : "");
        if (!right && !last)
            pad(out, g->widths[k] - width);
        if (!last)
            str_add(out, "  ");
        used += g->widths[k] + 2;
    }
    str_add_char(out, '\n');
}

static void print_grid(const struct invocation *v, const json_t *table, int64_t now_ms,
                       struct str *out)
{
    struct grid g = {0};
    fill_grid(&g, table, now_ms);
    size_t rows = g.n ? g.cells.n / g.n : 0, room = terminal_width();
    for (size_t i = 0; i < rows; i++)
        print_row(v, &g, i, room, out);
    str_list_done(&g.cells);
    mem_free(g.widths);
}

static void csv_cell(const char *s, bool last, struct str *out)
{
    bool quote = strpbrk(s, "\",\r\n") != NULL;
    if (quote)
        str_add_char(out, '"');
    for (; *s; s++) {
        if (*s == '"')
            str_add_char(out, '"');
        str_add_char(out, *s);
    }
    if (quote)
        str_add_char(out, '"');
    str_add(out, last ? "\r\n" : ",");
}

static void csv_value(const json_t *v, bool last, struct str *out)
{
    AUTO(mem_freep)
    char *dumped = !v || json_is_string(v) || json_is_null(v)
                       ? NULL
                       : json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    csv_cell(json_is_string(v) ? json_string_value(v) : dumped ? dumped : "", last, out);
}

/* Values as they are: programs want bytes and times, not "1.2 GB" and "3 min". */
static void print_csv(const json_t *table, struct str *out)
{
    const json_t *columns = json_object_get(table, "columns"), *row;
    size_t n = json_array_size(columns), r;
    for (size_t k = 0; k < n; k++)
        csv_cell(json_get_str(json_array_get(columns, k), "name", ""), k + 1 == n, out);
    json_array_foreach (json_object_get(table, "rows"), r, row)
        for (size_t k = 0; k < n; k++)
            csv_value(json_array_get(row, k), k + 1 == n, out);
}

/* One thing: a line of names, a line of values. Lists and objects in it have no place there. */
static void print_object_csv(const json_t *object, struct str *out)
{
    const char *key;
    json_t *v;
    size_t n = 0, at = 0;
    json_object_foreach ((json_t *)object, key, v)
        n += !json_is_object(v) && !json_is_array(v);
    json_object_foreach ((json_t *)object, key, v)
        if (!json_is_object(v) && !json_is_array(v))
            csv_cell(key, ++at == n, out);
    at = 0;
    json_object_foreach ((json_t *)object, key, v)
        if (!json_is_object(v) && !json_is_array(v))
            csv_value(v, ++at == n, out);
}

/* Rows as objects by column name. */
static json_t *as_objects(const json_t *table)
{
    json_t *list = json_array();
    const json_t *columns = json_object_get(table, "columns"), *row;
    size_t r;
    json_array_foreach (json_object_get(table, "rows"), r, row) {
        json_t *object = json_object();
        for (size_t k = 0; k < json_array_size(columns); k++)
            json_object_set(object, json_get_str(json_array_get(columns, k), "name", ""),
                            json_array_get(row, k));
        json_array_append_new(list, object);
    }
    return list;
}

void print_table(const struct invocation *v, const json_t *table, int64_t now_ms, struct str *out)
{
    if (v->output == OUTPUT_TABLE) {
        print_grid(v, table, now_ms, out);
    } else if (v->output == OUTPUT_CSV) {
        print_csv(table, out);
    } else {
        AUTO(json_decrefp) json_t *objects = as_objects(table);
        print_value(v->output, objects, out);
    }
}

/* --- any value --- */

static int append_yaml(void *out, unsigned char *bytes, size_t n)
{
    str_add_n(out, bytes, n);
    return 1;
}

static int yaml_scalar(yaml_document_t *d, const json_t *v)
{
    bool text = json_is_string(v);
    AUTO(mem_freep)
    char *dumped = text ? NULL : json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    const char *s = text ? json_string_value(v) : dumped;
    /* A text that YAML would read as something else ("yes", "1.0", "") is quoted. */
    bool plain = !text || (*s && !strpbrk(s, ":#{}[],&*?|<>=!%@`\"'\n") &&
                           strcspn(s, "0123456789") > 0 && !str_eq_nocase(s, "yes") &&
                           !str_eq_nocase(s, "no") && !str_eq_nocase(s, "true") &&
                           !str_eq_nocase(s, "false") && !str_eq_nocase(s, "null") &&
                           !str_eq_nocase(s, "on") && !str_eq_nocase(s, "off") && !str_eq(s, "~"));
    return yaml_document_add_scalar(d, NULL, (const yaml_char_t *)s, (int)strlen(s),
                                    plain ? YAML_PLAIN_SCALAR_STYLE
                                          : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

static int yaml_node(yaml_document_t *d, const json_t *v)
{
    if (json_is_array(v)) {
        int list = yaml_document_add_sequence(d, NULL, YAML_BLOCK_SEQUENCE_STYLE);
        size_t i;
        const json_t *item;
        json_array_foreach (v, i, item)
            yaml_document_append_sequence_item(d, list, yaml_node(d, item));
        return list;
    }
    if (!json_is_object(v))
        return yaml_scalar(d, v);
    int map = yaml_document_add_mapping(d, NULL, YAML_BLOCK_MAPPING_STYLE);
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)v, key, value) {
        int k = yaml_document_add_scalar(d, NULL, (const yaml_char_t *)key, (int)strlen(key),
                                         YAML_ANY_SCALAR_STYLE);
        yaml_document_append_mapping_pair(d, map, k, yaml_node(d, value));
    }
    return map;
}

static void print_yaml(const json_t *value, struct str *out)
{
    yaml_emitter_t emitter;
    yaml_document_t document;
    yaml_emitter_initialize(&emitter);
    yaml_emitter_set_output(&emitter, append_yaml, out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    yaml_emitter_open(&emitter);
    yaml_document_initialize(&document, NULL, NULL, NULL, 1, 1);
    yaml_node(&document, value);
    yaml_emitter_dump(&emitter, &document);
    yaml_emitter_close(&emitter);
    yaml_emitter_delete(&emitter);
}

void print_value(enum output format, const json_t *value, struct str *out)
{
    if (format == OUTPUT_YAML) {
        print_yaml(value, out);
        return;
    }
    if (format == OUTPUT_CSV && json_is_object(value)) {
        print_object_csv(value, out);
        return;
    }
    AUTO(mem_freep)
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    str_add(out, text ? text : "null");
    str_add_char(out, '\n');
}
