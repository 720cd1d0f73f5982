/* The process table: /proc/PID of every process, each third tick.
 *
 * Kept sorted by pid with its descriptors open (as many as the limit on files allows), so that a
 * pass over processes that stay costs one read each. Kernel threads are looked at more seldom, and
 * those of a service whose cgroup used no CPU since they were read: they did nothing. What a
 * service without a cgroup of its own uses is summed here. */
#pragma once

#include "node/collector.h"
#include "node/gpu.h"

/* What stands in /proc/PID/stat (proc(5)). */
struct process_stat {
    char name[20]; /* 15 bytes and room */
    char state;
    int parent;
    bool kernel;          /* a kernel thread */
    uint64_t cpu_ticks;   /* user and system, of 1/100 s */
    uint64_t start_ticks; /* since boot */
    uint64_t memory_pages;
    unsigned threads;
};

/* -EBADMSG when the text is none. */
int process_stat_parse(struct scan text, struct process_stat *ret_stat) MUST_CHECK;

/* Is there a process or a thread of one with such a number? Of the own namespace. */
bool processes_any_lives(uint64_t first, uint64_t last);

struct process {
    int pid;
    int fd; /* of its stat; -1 = opened for each read */
    struct process_stat stat;
    int64_t read_ms; /* monotonic, of `stat` */
    float cpu_percent;
    unsigned passes;     /* it was there in */
    unsigned generation; /* of owners, when `owner` was found */
    struct owner *owner;
    double owner_cpu;       /* what its cgroup had used when `stat` was read; NaN = not known */
    char *cgroup;           /* NULL = not read yet */
    unsigned cgroup_passes; /* when it was read */
    int64_t uid;            /* -1 = not known yet */
    char *command;          /* as shown; NULL = not read yet */
    unsigned shown;         /* how often it was, since they were read */
    bool chosen;            /* is in the table that is being made */
};

struct process_list {
    VEC(struct process *) v; /* sorted by pid */
};

/* Appends rows of the top LIMIT_PROCESS_ROWS by CPU, by memory, and of those that use a GPU. */
void processes_choose(const struct process_list *l, const struct gpus *gpus,
                      struct process_list *ret_chosen);

/* Fills what is only read for those that are shown, and then kept for a minute: user, command. */
struct process_users;
struct process_users *process_users_new(void);
void process_users_free(struct process_users *u);
void process_users_refresh(struct process_users *u, const char *root); /* when passwd has changed */
char *process_users_name(const struct process_users *u, int64_t uid);  /* mem_free() */
int64_t process_uid(const char *root, int pid);                        /* that it acts as; -1 */
/* A user's name as this machine's passwd has it, else the number. */
char *process_user_name(const char *root, uint32_t uid);
void process_forget(struct process *p); /* what was read for showing it */
void process_row_fill(struct process_row *row, struct process *p, const char *root,
                      const struct process_users *u, int64_t boot_ms, uint64_t page);
