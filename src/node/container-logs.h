/* The files in which Docker keeps what containers print, by its driver json-file: only root sees
 * them. Blocks; by hydra-agent-helper, or by an agent that is root itself. */
#pragma once

#include "base/json.h"
#include "base/vec.h"
#include "node/policy.h"

struct container_log {
    char *name;
    uint64_t bytes; /* on the disk, of the file that is written to */
    uint64_t older; /* of those that were put aside */
};
struct container_logs {
    VEC(struct container_log) v;
};
void container_logs_done(struct container_logs *l);

void container_logs_sort(struct container_logs *l); /* the biggest first */

/* Of every container that has such a file, the biggest first. */
int container_logs_read(struct err *e, struct container_logs *ret_l) MUST_CHECK;

/* Empties the one file that is written to; whatever writes goes on at its begin. Nothing but a
 * regular file of one name, reached over no symbolic link, at the place that the engine's own rule
 * gives it. -ENOENT, -EINVAL (it keeps none), -EIO. */
int container_log_empty(const char *name, struct err *e, uint64_t *ret_won) MUST_CHECK;
/* The same of one whose engine keeps its data in `data_root`; `log_path` is what it says itself.
 * For tests. */
int container_log_empty_at(const char *data_root, const char *id, const char *log_path,
                           struct err *e, uint64_t *ret_won) MUST_CHECK;

/* Lines of "NAME BYTES OLDER", and back. -EINVAL. */
void container_logs_print(const struct container_logs *l, struct str *out);
int container_logs_parse(const char *report, struct container_logs *ret_l) MUST_CHECK;
/* As the API has them: all counted, the biggest 500 told, and whether the policy lets them be
 * emptied. */
void container_logs_tell(const struct container_logs *l, const struct policy *p, struct jw *w);
