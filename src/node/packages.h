/* What Debian's package tools say, as lists. Pure. */
#pragma once

#include "base/json.h"
#include "base/vec.h"

enum { LIMIT_UPDATES = 5000 };

struct update {
    char *name, *installed /* NULL = new */, *candidate, *origin;
    bool security;
};

struct update_list {
    VEC(struct update) v;
};

/* From `apt-get -s dist-upgrade`: "Inst NAME [OLD] (NEW ORIGIN [ARCH])". Other lines are left out.
 */
void updates_parse(struct update_list *l, const char *text, size_t len);
void updates_print(const struct update_list *l, struct jw *w); /* count … updates: members */
void updates_done(struct update_list *l);

/* From /var/lib/dpkg/status: packages that are kept from being updated. */
void held_parse(struct str_list *ret_names, const char *text, size_t len);
