/* The programs of agents that this hub hands out: one for each kind of machine, the newest that
 * lies in the folder or beside hydrad.
 *
 * Files are looked at once a minute, on a worker: an ELF program that says which version of the
 * agent it is. On the hub's loop. */
#pragma once

#include "io/loop.h"
#include "io/worker.h"

enum {
    LIMIT_PROGRAMS = 32, /* files that are looked at */
    LIMIT_PROGRAM_BYTES = 32 << 20,
    PROGRAMS_EVERY_MS = 60 * 1000,
    PROGRAM_TEXT_SIZE = 32,
};

struct program {
    char version[PROGRAM_TEXT_SIZE], arch[PROGRAM_TEXT_SIZE]; /* as `uname -m` says */
    uint64_t size;
    unsigned char sha256[32];
    int fd; /* of the file as it was looked at */
};

struct programs;

struct programs_settings {
    struct loop *loop;
    struct workers *workers;
    const char *folder; /* may be missing */
    void (*changed)(void *arg);
    void *arg;
};

struct programs *programs_new(const struct programs_settings *s);
void programs_free(struct programs *p); /* after the workers have ended */
void programs_tick(struct programs *p, int64_t now_mono_ms);
/* The one for a machine of this kind ("armv7l" is "arm"); NULL. Valid until the loop goes on. */
const struct program *programs_find(const struct programs *p, const char *arch);
/* The version that a machine of this kind with this version can get; NULL = there is no newer one.
 */
const char *programs_newer(const struct programs *p, const char *arch, const char *version);

/* Of the bytes of a file. -ENOEXEC: it is no program; -ENOENT: no agent. For tests. */
int program_read(const unsigned char *bytes, size_t len, struct program *ret_p) MUST_CHECK;
