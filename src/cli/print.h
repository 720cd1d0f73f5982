/* Tables for people, and the same as JSON, YAML and CSV for programs. */
#pragma once

#include "base/json.h"
#include "cli/options.h"

/* Prints the API's Table (columns, rows) in the invocation's format. `now_ms`: wall, for ages. */
void print_table(const struct invocation *v, const json_t *table, int64_t now_ms, struct str *out);

/* Any JSON value as JSON (indented) or YAML; of an object, its plain members as CSV. */
void print_value(enum output format, const json_t *value, struct str *out);

/* "\033[32m" … for a state's or severity's word; "" without colour. */
const char *color_of(const struct invocation *v, const char *state);
const char *color_end(const struct invocation *v);

/* 1536 bytes: "1.54 kB"; at most 3 significant digits. */
void print_bytes(double bytes, struct str *out);
