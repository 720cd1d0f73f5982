/* The commands that this node has taken on, and what became of them: in memory, and in a file that
 * is written before anything is done, so that none is done twice, not even after a crash.
 *
 * DIR/commands.jsonl: one JSON object a line, {"begin":…}, {"note":…}, {"end":…}, after
 * {"sequence":N}. It is written anew when it has grown, with the last LIMIT_COMMANDS_KEPT. A line
 * that a crash cut off is dropped: what it belongs to had not begun. On the node's loop. */
#pragma once

#include "base/err.h"
#include "node/command.h"

enum {
    LIMIT_COMMANDS_KEPT = 256,
    LIMIT_COMMAND_LOG = 16 << 20, /* bytes that are read of a file */
    COMMAND_BOOT_SIZE = 40,
};

struct command_record {
    struct command command;
    int64_t begun_ms;
    char boot[COMMAND_BOOT_SIZE];   /* id of the boot it was begun in */
    char *note;                     /* what the action must know after a crash; NULL */
    struct command_outcome outcome; /* OUTCOME_RUNNING: it has no end yet */
};

struct command_log;

/* `dir` NULL = only in memory. A file that can't be read is an error: what it says must not be done
 * again. */
int command_log_open(const char *dir, struct err *e, struct command_log **ret_log) MUST_CHECK;
void command_log_free(struct command_log *l);

/* The highest sequence so far. */
uint64_t command_log_sequence(const struct command_log *l);
/* Counts from nothing again: another hub has numbers of its own. On disk when it returns 0. */
int command_log_restart(struct command_log *l, struct err *e) MUST_CHECK;
struct command_record *command_log_find(struct command_log *l, const char *id);
/* In the order of beginning; NULL after the last. */
struct command_record *command_log_at(struct command_log *l, size_t i);

/* Each is on disk when it returns 0; nothing has changed otherwise. Begin also counts the
 * sequence. */
int command_log_begin(struct command_log *l, const struct command *c, const char *boot,
                      int64_t now_ms, struct err *e) MUST_CHECK;
int command_log_note(struct command_log *l, const char *id, const char *note,
                     struct err *e) MUST_CHECK;
/* In memory even when the disk refuses: then it goes there before the next line, or with
 * command_log_catch_up(). */
int command_log_end(struct command_log *l, const struct command_outcome *o,
                    struct err *e) MUST_CHECK;
void command_log_catch_up(struct command_log *l);
