/* Between logs-docker.c, which asks an engine and goes forwards, and logs-docker-back.c. */
#pragma once

#include "io/answer-parser.h"
#include "node/logs-private.h"

enum {
    READ_SIZE = 64 << 10,
    FIRST_TAIL = 64,      /* lines more than wanted: those of one moment are taken whole */
    FIRST_SEARCH = 20000, /* lines that are searched at once */
    TAIL_GROWTH = 8,      /* a window reaches at most so many times deeper than the last */
    PROBE_GROWTH = 2,     /* the same while the position was not reached: costs a line */
    DEPTH_MAX = 1 << 30,
    UNSORTED = 256,        /* lines more than wanted: their order in the log is not that of time */
    FILE_FIRST = 64 << 10, /* bytes of a file, of a page; */
    FILE_SEARCH = 4 << 20, /* of a search; */
    FILE_MOST = 32 << 20,  /* each window twice the last, up to this, */
    WINDOW_MS = 250,       /* and less where that took longer */
    ROUND_MAX_MS = 60 * 1000, /* of one question */
    RETRY_MS = 1000,          /* following: the container may come back */
    LIMIT_ENGINE_SENTENCE = 300,
};

struct place_ns {
    int64_t ns;
    uint32_t k;
};

struct docker_log {
    struct log_source s;
    const struct log_reading *r;
    struct log_place place;
    /* the answer that is being read */
    int fd;
    struct answer_parser parser;
    struct log_frames frames;
    struct str refusal; /* body of an answer that is none of 200 */
    bool ended;
    char *buffer;
    /* lines */
    VEC(struct log_line) lines; /* [head …): read, meant and not yet taken */
    size_t head;
    bool has_place;
    struct place_ns place_ns; /* where to go on, exclusive */
    int64_t time_us;          /* or this, inclusive; 0 = none */
    struct place_ns last;     /* the line read last */
    uint64_t n_read;
    bool past; /* OLDER: the position was reached, nothing more is wanted */
    int64_t retry_ms;
    /* OLDER */
    uint64_t tail, depth;
    int64_t took_ms;         /* the last window of a file */
    bool whole, has_come;    /* has_come: further back than where it began */
    bool tail_cut, cut_next; /* lines were more than a page takes; they are the next window's */
    int64_t first_ns;        /* of the answer */
    int64_t edge_ns;         /* what is younger was read; 0 = nothing was */
    uint64_t probe_tail;     /* the window before: its depth, */
    int64_t probe_ns;        /* and where it began */
    struct log_json file;    /* of `n` files: 0 = the engine is asked */
};

#define EDGE_SLACK_NS 100000000LL /* lines are so much out of order at most */
#define PAST_SLACK_NS 5000000000LL

/* logs-docker.c */
int docker_log_ask(struct docker_log *d) MUST_CHECK;
/* 1 = something was read, 0 = the answer ended, -EAGAIN = nothing yet. */
int docker_log_read(struct docker_log *d, bool wait) MUST_CHECK;
void docker_log_drop(struct docker_log *d);  /* the connection */
void docker_log_clear(struct docker_log *d); /* the lines */
int docker_log_fail(struct docker_log *d, int code, const char *text);
void docker_log_line(void *arg, unsigned stream, int64_t time_ns, const char *text, size_t n,
                     bool cut);
/* OLDER: the youngest that is meant; 0 = the end. */
int64_t docker_log_newest(const struct docker_log *d);

/* logs-docker-back.c */
int docker_log_next_older(struct log_source *s, struct log_line *ret_line);
