/* smartctl, asked about one disk at a time. A disk that sleeps is left asleep. Blocks: by the agent
 * where it is root, else by hydra-agent-helper, whose report of all disks is read here. */
#pragma once

#include "node/program.h"

enum { LIMIT_SMART_REPORT = 4 << 20 }; /* bytes of a report */

/* Letters and digits, as /sys/block has it: so it can stand in /dev/NAME and in a report. */
bool smart_name_is_valid(const char *disk);
/* `smartctl --json=c -a -n standby,3 /dev/DISK`: its JSON is one line. */
int smartctl_ask(const char *smartctl, const char *disk, struct err *e,
                 struct program_end *ret_end) MUST_CHECK;

/* A line of a report: "sda 4 {…}", or "sda error SENTENCE". `answer` NULL: it could not be run. */
void smart_report_add(struct str *report, const char *disk, const struct program_end *answer,
                      const struct err *e);
/* What the report says of a disk: -ENOENT when nothing; the sentence of another failure is in `e`.
 * Points into `report`. */
int smart_report_find(const char *report, const char *disk, struct err *e, const char **ret_json,
                      size_t *ret_len, int *ret_status) MUST_CHECK;
