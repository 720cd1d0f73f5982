/* Reports and orders as the messages of proto/hydra/agent/v1/agent.proto, and back.
 *
 * What arrives is a peer's: everything is checked for sense and size, and copied. Not thread-safe:
 * the values of frames are a connection's. */
#pragma once

#include "base/err.h"
#include "node/inspect.h"
#include "node/logs.h"
#include "node/report.h"
#include "node/wire-frame.h"

#include "agent.pb-c.h"

#define PB(name) Hydra__Agent__V1__##name

enum {
    LIMIT_WIRE_TEXT = LIMIT_REPORT_TEXT,
    LIMIT_WIRE_LIST = 20000, /* entries of one list */
    /* What a message may take unpacked, and while it is: so much, and its bytes so many times. What
     * is real takes six times its bytes. */
    WIRE_UNPACKED_LEAST = 1 << 20,
    WIRE_UNPACKED_TIMES = 12,
};

/* NULL: it is no such message, or takes more than it may. Its own free_unpacked(m, NULL) frees. */
void *wire_unpack(const ProtobufCMessageDescriptor *kind, const void *bytes, size_t len);
#define WIRE_UNPACK(name, bytes, len)                                                              \
    wire_unpack(&hydra__agent__v1__##name##__descriptor, bytes, len)

/* Appends FromAgent with `r` as its body. */
void wire_report_print(struct wire_values *before, const struct node_report *r, uint64_t sequence,
                       bool replayed, struct str *out);

/* The report in a message; 1 = here it is (the caller frees), 0 = the message is no report,
 * -EBADMSG, -EMSGSIZE = it makes no sense. Help texts of series live as long as the program. */
int wire_report_take(struct wire_values *before, const PB(FromAgent) * m, struct err *e,
                     struct node_report *ret_r) MUST_CHECK;

/* Appends FromHub with the whole list of checks. */
void wire_checks_print(const struct check_spec *specs, size_t n, struct str *out);
int wire_checks_take(const PB(Checks) * m, struct err *e, struct check_spec **ret_specs,
                     size_t *ret_n) MUST_CHECK; /* the caller frees each and the array */

/* Appends FromHub with a command for `node`. */
void wire_command_print(const struct command *c, const char *node, struct str *out);
/* -EBADMSG: for another node, a verb that this program doesn't know, without a number or an end, no
 * sense; `ret_c` is freed
 * with command_done(). */
int wire_command_take(const PB(Command) * m, const char *node, struct err *e,
                      struct command *ret_c) MUST_CHECK;
/* Takes what is secret out of a message that is done with, so that freeing it leaves none of it in
 * memory. */
void wire_secrets_wipe(PB(FromHub) * m);

/* Appends FromHub that opens a query of logs. */
void wire_log_open_print(uint64_t id, const struct log_query *q, unsigned credit, struct str *out);
int wire_log_query_take(const PB(LogQuery) * m, struct err *e,
                        struct log_query *ret_q) MUST_CHECK; /* log_query_done() frees */
/* Appends LogBatch with the lines from `first` on that fit into about LIMIT_WIRE_LOGS; returns
 * where the next message begins. Troubles and what a page says of itself go with the last. */
enum { LIMIT_WIRE_LOGS = 256 << 10 };
size_t wire_log_batch_print(uint64_t id, const struct log_batch *b, size_t first, struct str *out);
int wire_log_batch_take(const PB(LogBatch) * m, uint32_t n_sources, struct err *e,
                        struct log_batch *ret_b) MUST_CHECK; /* log_batch_done() frees */

/* Appends FromHub with a question, or FromAgent with its answer. */
void wire_inspect_print(uint64_t id, const struct inspection *q, struct str *out);
void wire_inspected_print(uint64_t id, const struct inspect_answer *a, struct str *out);
/* -ENOSYS: a kind that this program doesn't know, -EBADMSG; inspection_done() frees. */
int wire_inspect_take(const PB(Inspect) * m, struct err *e, struct inspection *ret_q) MUST_CHECK;
/* The answer points into `m`. -EBADMSG: no sense; what is given out as JSON is. */
int wire_inspected_take(const PB(Inspected) * m, struct err *e,
                        struct inspect_answer *ret_a) MUST_CHECK;

/* Appends any message. */
void wire_print(const ProtobufCMessage *m, struct str *out);
