/* What Unraid's API tells of itself (GraphQL, from 7.2 on). Its schema can't be asked and changes,
 * so each part is a question of its own: what one release doesn't know costs no other part. Pure.
 */
#pragma once

#include "base/json.h"

enum unraid_part {
    UNRAID_SYSTEM,
    UNRAID_ARRAY,
    UNRAID_PARITY,
    UNRAID_DISKS,
    UNRAID_SHARES,
    UNRAID_PARTS
};

enum { LIMIT_UNRAID_ANSWER = 1 << 20, UNRAID_SPELLINGS = 2 };

/* The body of the question: JSON. Some parts have an older spelling, for when the first one is
 * refused; NULL = there is none. Never one that wakes a disk. */
const char *unraid_question(enum unraid_part part, unsigned spelling);

/* Takes the data out of an answer: -EBADMSG it is none, -EINVAL with the server's own sentence: it
 * refuses. */
int unraid_take(const char *json, size_t len, struct err *e, json_t **ret_data) MUST_CHECK;

/* The object Unraid of api/openapi.yaml. A part that is not known is NULL, with its sentence in
 * `troubles`; entries of that may be NULL. */
void unraid_print(json_t *const data[UNRAID_PARTS], char *const troubles[UNRAID_PARTS],
                  struct jw *w);
