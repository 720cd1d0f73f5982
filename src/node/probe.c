#include "node/probe.h"

#include "base/str.h"
#include "node/node.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>

enum { HANDLES = 3 };

/* Freed when its owner has let go and all handles are closed. */
struct probe {
    uv_process_t process;
    uv_pipe_t out;
    uv_timer_t deadline;
    probe_fn *done;
    void *arg;
    unsigned open_handles;
    bool owned, answered, exited, ended; /* exited: the process; ended: its output */
    int error;
    size_t len;
    char line[LIMIT_PROBE_LINE];
};

static void on_closed(uv_handle_t *h)
{
    struct probe *p = h->data;
    p->open_handles--;
    if (p->open_handles == 0 && !p->owned)
        mem_free(p);
}

static void close_handle(uv_handle_t *h)
{
    if (!uv_is_closing(h))
        uv_close(h, on_closed);
}

static void answer(struct probe *p, int error)
{
    if (p->answered)
        return;
    p->answered = true;
    close_handle((uv_handle_t *)&p->deadline);
    close_handle((uv_handle_t *)&p->out);
    p->line[p->len] = 0;
    p->line[strcspn(p->line, "\n")] = 0;
    if (p->owned)
        p->done(p->arg, error, error ? NULL : p->line);
}

/* The process and its last words arrive in either order. */
static void answer_when_over(struct probe *p)
{
    if (p->exited && p->ended)
        answer(p, p->error ? p->error : p->len == 0 ? -EIO : 0);
}

static void on_exit(uv_process_t *process, int64_t status, int signal)
{
    struct probe *p = process->data;
    p->exited = true;
    if (status != 0 || signal != 0)
        p->error = -EIO;
    close_handle((uv_handle_t *)process);
    answer_when_over(p);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *ret_buf)
{
    struct probe *p = h->data;
    (void)suggested;
    *ret_buf = uv_buf_init(p->line + p->len, (unsigned)(sizeof p->line - 1 - p->len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct probe *p = stream->data;
    (void)buf;
    if (n >= 0) {
        p->len += (size_t)n;
        return;
    }
    uv_read_stop(stream);
    p->ended = true;
    if (n != UV_EOF)
        p->error = -EIO;
    answer_when_over(p);
}

static void on_deadline(uv_timer_t *t)
{
    struct probe *p = t->data;
    if (!p->exited && p->process.pid > 0)
        uv_process_kill(&p->process, SIGKILL);
    answer(p, p->error ? p->error : -ETIMEDOUT);
}

static int spawn(struct probe *p, uv_loop_t *uv, const char *const *args)
{
    char *argv[PROBE_ARGS_MAX + 2] = {"/proc/self/exe", "node-probe"};
    char *environment[] = {"LC_ALL=C", NULL};
    size_t n = 2;
    for (; args[n - 2]; n++) {
        assert(n - 2 < PROBE_ARGS_MAX - 1);
        argv[n] = (char *)args[n - 2];
    }
    uv_stdio_container_t stdio[] = {
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&p->out},
        {.flags = UV_IGNORE},
    };
    uv_process_options_t options = {
        .exit_cb = on_exit,
        .file = argv[0],
        .args = argv,
        .env = environment,
        .stdio = stdio,
        .stdio_count = COUNT_OF(stdio),
    };
    return uv_spawn(uv, &p->process, &options);
}

struct probe *probe_start(struct loop *l, const char *const *args, uint32_t deadline_ms,
                          probe_fn *done, void *arg)
{
    struct probe *p = mem_alloc(sizeof *p);
    p->done = done;
    p->arg = arg;
    p->owned = true;
    p->open_handles = HANDLES;
    uv_timer_init(loop_uv(l), &p->deadline);
    uv_pipe_init(loop_uv(l), &p->out, 0);
    p->process.data = p->out.data = p->deadline.data = p;
    int r = spawn(p, loop_uv(l), args);
    if (r < 0) {
        p->error = r;
        p->exited = true;
        close_handle((uv_handle_t *)&p->process);
        deadline_ms = 0;
    } else {
        uv_read_start((uv_stream_t *)&p->out, on_alloc, on_read);
    }
    uv_timer_start(&p->deadline, on_deadline, deadline_ms, 0);
    return p;
}

bool probe_is_over(const struct probe *p)
{
    return p->answered && p->exited;
}

void probe_free(struct probe *p)
{
    if (!p)
        return;
    p->owned = false;
    p->answered = true;
    if (!p->exited && p->process.pid > 0)
        uv_process_kill(&p->process, SIGKILL);
    if (p->open_handles == 0) {
        mem_free(p);
        return;
    }
    close_handle((uv_handle_t *)&p->process);
    close_handle((uv_handle_t *)&p->out);
    close_handle((uv_handle_t *)&p->deadline);
}
