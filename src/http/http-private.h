/* What the files of this folder share: servers, connections, exchanges. Everything here belongs to
 * the server's loop unless it says otherwise. */
#pragma once

#include "base/map.h"
#include "base/rand.h"
#include "http/arena.h"
#include "http/chunked.h"
#include "http/deadline.h"
#include "http/head-memo.h"
#include "http/http.h"
#include "http/proxies.h"
#include "http/router.h"
#include "http/target.h"

#include <netinet/in.h>
#include <pthread.h>

enum {
    LIMIT_READ = 64 * 1024,          /* one read */
    LIMIT_OUTBOX = 64 * 1024,        /* answers of one read that are sent in one write */
    LIMIT_COPIED = 16 * 1024,        /* longer bodies are sent from where they are */
    LIMIT_STREAM = 256 * 1024,       /* bytes between a worker and a slow peer, each way */
    LIMIT_DISCARD = 64 * 1024,       /* of a refused body that are read to keep the connection */
    LIMIT_ANSWER_HEADERS = 8 * 1024, /* that a handler adds */
    LIMIT_SPARE_EXCHANGES = 64,      /* kept for the next request */
    LIMIT_LISTENERS = 16,
    LIMIT_REFUSED_LINGERING = 256, /* refused connections that get a gentle end */
    EXCHANGE_MEMORY = 4096,        /* of its arena, before it needs blocks */
    LINGER_MS = 2000,
    ACCEPT_BATCH = 64,
    ACCEPT_PAUSE_MS = 100, /* after the system ran out of something */
};

/* Bytes on their way out and who frees them. */
struct owner {
    struct buf *buf; /* shared */
    char *memory;    /* mem_free() */
    bool is_static;  /* nobody: they stay */
};
void owner_release(struct owner *o);

enum connection_state {
    CONN_IDLE,     /* no byte of a request is here */
    CONN_HEAD,     /* some bytes of a head are here */
    CONN_BODY,     /* the exchange's body arrives */
    CONN_HANDLING, /* a handler has the exchange, or its answer is being streamed */
    CONN_ENDING,   /* the last answer is not sent yet; reads no more */
    CONN_LINGER, /* all is sent; discards what the peer still sends, so that it reads the answer */
    CONN_CLOSED, /* the socket is closed; the memory goes with the last exchange */
};

struct span {
    char *p;
    size_t n;
};

/* One socket. An idle one costs this and the kernel's part. */
struct connection {
    uv_tcp_t tcp;
    struct http_server *server;
    struct connection *prev, *next; /* of the server's list */
    struct http_exchange *x;        /* at most one at a time */
    struct deadline reading, writing;
    struct span input; /* not yet looked at; in `held` between two reads */
    char *held;
    size_t held_size;
    size_t scanned;        /* of a head, see head_find() */
    uint64_t queued_total; /* bytes that did not fit into the socket at once, ever */
    uint64_t stall_mark;   /* of them sent when `writing` was set */
    enum connection_state state;
    bool state_is_new; /* its deadline starts anew */
    bool is_reading, at_eof, close_after, linger, is_refused;
    bool in_process; /* connection_process() is on the stack */
    bool is_posted;  /* connection_process() will be called by a message */
    bool handle_closed;
    bool is_loopback;
    bool is_proxy;  /* one that is believed */
    uint8_t family; /* AF_INET, AF_INET6, AF_UNIX */
    struct in6_addr address;
};

enum exchange_holder {
    HELD_BY_LOOP,
    HELD_BY_WORKER,
    HELD_BY_OTHERS, /* deferred: whoever replies, on any thread */
};

enum body_sink {
    SINK_BUFFER,
    SINK_STREAM,  /* pieces for the worker */
    SINK_DISCARD, /* refused already */
};

struct request_body {
    enum body_sink sink;
    bool expected, done; /* on its way; all here */
    uint64_t max, received;
    struct chunked chunked;
    char *bytes;
    size_t len, size;
};

struct answer {
    int status; /* 0 = none yet */
    const char *type;
    const char *bytes; /* in the arena, or of the owner, or static */
    size_t len;
    struct owner owner;
    const char *etag;                /* to be checked against If-None-Match */
    const struct http_asset *asset;  /* of which this is the answer */
    bool has_cache_control, has_csp; /* among the added headers */
    bool varies;                     /* with Accept-Encoding */
    bool streamed;
    bool on_loop; /* given by the loop's own thread: the loop may look at it */
};

/* Between a worker and the loop. All under `lock`. */
struct stream {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct str out; /* framed pieces of the answer that the loop has not taken */
    bool out_posted, out_ended;
    bool gone;              /* the connection is closed */
    bool left;              /* or the peer says no more */
    struct str in, in_use;  /* pieces of the request's body; the one the handler looks at */
    bool in_ended, in_full; /* the loop has stopped reading */
    int in_error;
};

struct http_exchange {
    struct http_server *server;
    struct connection *c;
    struct http_exchange *next_spare;
    struct arena arena;
    struct str headers; /* added ones, as lines; the memory stays for the next */
    struct stream stream;
    struct http_field *fields;
    /* From here on everything is zero at the beginning of a request. */
    enum exchange_holder holder;
    enum route_method method;
    bool in_call;                /* a hook or handler of this exchange is on the loop's stack */
    bool keep;                   /* the connection stays after the answer */
    bool head_only;              /* HEAD */
    bool taken;                  /* http_take_socket() */
    bool streaming, head_is_out; /* a streamed answer has begun */
    bool gate_on_worker, gate_passed;
    bool was_on_worker;
    bool is_answered;        /* before its body was read, which is dropped */
    void (*left)(void *arg); /* of a deferred one: its peer waits no more; NULL = nobody cares */
    void *left_arg;
    struct head head;
    struct target target;
    struct route_match match;
    struct request_body body;
    struct answer answer;
    void *subject;
    const char *host;           /* that was asked for, allowed; NULL = none */
    bool strict;                /* the answer says Strict-Transport-Security */
    struct forwarded forwarded; /* zero unless a believed proxy said something */
    char id[RAND_ID_SIZE];
    char peer[INET6_ADDRSTRLEN];
    /* Not zeroed. */
    struct query_pair pairs[LIMIT_QUERY_PAIRS];
    _Alignas(16) char memory[EXCHANGE_MEMORY];
};

/* One listening socket. */
struct listener {
    uv_poll_t poll;
    uv_timer_t pause; /* of accepting, after the system ran out of something */
    struct http_server *server;
    int fd;
    unsigned handles; /* open ones; the last to close frees it */
};

struct http_server {
    struct loop *loop;
    struct workers *workers;
    struct http_settings settings;
    struct http_limits limits;
    struct router *router;
    const struct http_asset *not_found_page;
    struct deadlines deadlines;
    struct http_stats stats;
    struct connection connections; /* ring head */
    unsigned n_connections;        /* memory of which is still there */
    unsigned n_refused;            /* of connections_now: refused ones that linger */
    struct map per_address;
    size_t bodies_bytes;
    struct listener *listeners[LIMIT_LISTENERS];
    unsigned n_listeners;
    int reserve_fd; /* closed to accept and refuse when descriptors run out */
    struct http_exchange *spare;
    unsigned n_spare;
    struct head_memo *heads;
    char *read_buffer, *outbox;
    size_t outbox_len;
    struct connection *outbox_of;
    char *security, *security_pages; /* with and without the policy */
    size_t security_len, security_pages_len;
    uint64_t date_until; /* ms of the loop's clock */
    char date[48];
    size_t date_len;
    char good_host[64];   /* the last Host that was allowed */
    size_t good_host_len; /* 0 = none yet: no Host is empty */
    bool ending;
    uv_timer_t *grace;
    loop_fn *done;
    void *done_arg;
};

/* server.c */
void server_note_gone(struct http_server *s); /* a connection's memory is gone */

/* listen.c */
void listeners_close(struct http_server *s);

/* accept.c */
int accept_start(struct listener *l) MUST_CHECK;
void address_forget(struct http_server *s, const struct connection *c);

/* process.c */
void connection_process(struct connection *c); /* goes on with what is there; sends; waits */

/* connection.c */
struct connection *connection_new(struct http_server *s, int fd, const struct sockaddr *peer);
void connection_post(struct connection *c); /* has connection_process() called by a message */
void connection_set_state(struct connection *c, enum connection_state state);
void connection_answered(struct connection *c); /* the answer is in the outbox: the exchange ends */
void connection_refuse(struct connection *c, int status, const char *type, const char *detail);
void connection_close(struct connection *c); /* at once */
void connection_reap(struct connection *c);  /* frees it once nothing refers to it */
void connection_expired(struct deadline *d, enum deadline_kind kind);

/* output.c: bytes for a connection are collected in the server's outbox and sent by
 * output_flush(); between two callbacks of the loop it is empty. */
void output_add(struct connection *c, const void *bytes, size_t len);
/* Room for `len` bytes, of which output_used() then says how many are there; NULL when the
 * connection is closed. */
char *output_reserve(struct connection *c, size_t len);
void output_used(struct connection *c, const char *end);
void output_add_text(struct connection *c, const char *text);
void output_body(struct connection *c, const char *bytes, size_t len, struct owner owner);
void output_flush(struct connection *c);
size_t output_unsent(const struct connection *c);

/* body.c */
/* Makes ready for the body that the head announces. 0, or the status to refuse it with. */
int body_begin(struct http_exchange *x);
/* Takes body bytes off the connection's input. 1 = complete, 0 = more is needed, else the status to
 * refuse it with. */
int body_read(struct http_exchange *x);
const char *body_refusal_type(int status);
const char *body_refusal_text(int status);
bool body_wants_more(struct http_exchange *x);
void body_done(struct http_exchange *x);

/* phases.c */
bool phases_pass(struct http_exchange *x); /* false: it is answered already */

/* dispatch.c */
void exchange_tell_left(struct http_exchange *x); /* see http_on_left() */
void dispatch_head(struct http_exchange *x);      /* the head is parsed */
void dispatch_body(struct http_exchange *x);      /* the body is complete */
void dispatch_settle(struct http_exchange *x);    /* nobody else has it any more: answers */
void dispatch_deliver(struct http_exchange *x);   /* any thread: has it settled by a message */
void dispatch_problem(struct http_exchange *x, int status, const char *type, const char *detail);

/* exchange.c */
struct http_exchange *exchange_new(struct connection *c);
void exchange_end(struct http_exchange *x); /* counts it, frees what it holds */
void exchange_free(struct http_exchange *x);

/* reply.c */
void reply_send(struct http_exchange *x); /* the whole answer goes to the outbox */
void reply_static(struct http_exchange *x, int status, const char *type, const void *bytes,
                  size_t len); /* neither copied nor freed */

/* reply-head.c */
void reply_head(struct http_exchange *x, int64_t len); /* -1 = streamed */

/* asset.c */
void asset_reply(struct http_exchange *x, const struct http_asset *asset, int status);

/* stream.c */
void stream_init(struct stream *st);
void stream_done(struct stream *st);
void stream_clear(struct stream *st);
void stream_peer_gone(struct http_exchange *x);
void stream_peer_left(struct http_exchange *x);
void stream_feed(struct http_exchange *x, const char *bytes, size_t len);
void stream_feed_end(struct http_exchange *x, int error);
bool stream_is_full(struct http_exchange *x); /* then it asks for more by a message */
void stream_send(struct http_exchange *x);    /* what the worker has left for the peer */

/* security.c */
void security_init(struct http_server *s);
const char *server_date(struct http_server *s, size_t *ret_len); /* a header line, of this second */

/* status.c */
const char *status_line(int status, size_t *ret_len); /* "HTTP/1.1 200 OK\r\n" */
const char *status_reason(int status);
