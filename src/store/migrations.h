/* What embed-migrations.py makes of migrations/: the SQL, and the tables it leads to. */
#pragma once

#include <stddef.h>

struct migration {
    int version; /* 1, 2, 3 … without a gap */
    const char *name, *sql;
};
extern const struct migration migrations[];
extern const unsigned migrations_count;

enum schema_type { SCHEMA_TEXT, SCHEMA_BIGINT, SCHEMA_DOUBLE };

struct schema_table {
    const char *name;
    const char *const *columns;
    const enum schema_type *types;
    unsigned n_columns;
    const char *identity; /* the column that counts by itself, or NULL */
};
/* In an order in which foreign keys are met; ends with name == NULL. Without schema_migrations. */
extern const struct schema_table schema_tables[];
