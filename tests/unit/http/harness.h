/* A server on a loop thread of its own, and a peer that speaks raw bytes to it. */
#pragma once

#include "../test.h"

#include "http/http.h"

struct served {
    struct loop *loop;
    struct workers *workers;
    struct http_server *server;
    int port;
    bool is_down; /* `done` was called */
};

/* `settings.limits` may be zero: the shipped ones. Listens on 127.0.0.1. */
void serve(struct served *s, struct http_settings settings);
void serve_end(
    struct served *s); /* shuts down gracefully and frees; asserts that it comes to an end */
struct http_stats served_stats(struct served *s);
void served_wait(struct served *s, uint64_t requests);     /* until it has read so many */
void served_shutdown(struct served *s, unsigned grace_ms); /* begins; serve_end() waits */

int dial(const struct served *s);
void say(int fd, const char *bytes);
void say_n(int fd, const void *bytes, size_t n);

/* Everything until the server closes (at most 30 s), NUL-terminated; mem_free(). `ret_len` may be
 * NULL. */
char *hear_all(int fd, size_t *ret_len);

/* One answer with Content-Length or chunked (decoded); the head and the body in one string. */
char *hear_one(int fd);
char *hear_head(int fd); /* of an answer without a body (HEAD, 304) */

/* dial, say, hear_all, close. */
char *ask(const struct served *s, const char *bytes);

int status_of(const char *answer);                           /* -1 when there is none */
const char *body_of(const char *answer);                     /* behind the first empty line */
bool has_header(const char *answer, const char *line_start); /* "ETag: ", any case */
