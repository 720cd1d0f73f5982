#include "node/engine-ask.h"

#include "base/clock.h"
#include "node/docker-json.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ASK_MS = 20 * 1000, STATUS_AT = 9, PIECE = 16 << 10 };

/* --- the answer --- */

/* "HTTP/1.0 200 OK" → 200; 0 = it is no such line. */
static unsigned status_of(const char *text, size_t len)
{
    uint64_t status;
    if (len < STATUS_AT + 3 || !str_starts(text, "HTTP/1."))
        return 0;
    char digits[4] = {text[STATUS_AT], text[STATUS_AT + 1], text[STATUS_AT + 2], 0};
    return str_to_u64(digits, &status) < 0 ? 0 : (unsigned)status;
}

static const char *message_of(const json_t *answer)
{
    return json_get_str(answer, "message", "it does not say why");
}

int engine_answer_parse(const char *text, size_t len, struct err *e, json_t **ret_answer)
{
    static const char gap[] = "\r\n\r\n";
    const char *body = memmem(text, len, gap, strlen(gap));
    unsigned status = status_of(text, len);
    AUTO(json_decrefp) json_t *v = NULL;
    if (!body || !status)
        return err_set(e, -EINVAL, "What answers there does not speak HTTP.");
    body += strlen(gap);
    int r = json_parse(body, len - (size_t)(body - text), LIMIT_DOCKER_ANSWER, e, &v);
    if (r < 0 && status == 200)
        return r;
    if (status != 200)
        return err_set(e, status == 404 ? -ENOENT : -EIO, "Docker refused: %.300s.", message_of(v));
    *ret_answer = TAKE(v);
    return 0;
}

/* --- asking --- */

static int connect_to(const char *socket_path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = ASK_MS / 1000};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    str_copy(to.sun_path, sizeof to.sun_path, socket_path);
    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    return fd;
}

static int connect_engine(void)
{
    static const char *const sockets[] = ENGINE_SOCKETS;
    int fd = -ENOENT;
    for (size_t i = 0; fd < 0 && i < COUNT_OF(sockets); i++)
        fd = connect_to(sockets[i]);
    return fd;
}

static int read_all(int fd, struct str *ret_text)
{
    int64_t until = clock_mono_ms() + ASK_MS;
    for (;;) {
        str_reserve(ret_text, PIECE);
        ssize_t n = read(fd, ret_text->p + ret_text->len, PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : 0;
        ret_text->len += (size_t)n;
        ret_text->p[ret_text->len] = 0;
        if (ret_text->len > LIMIT_DOCKER_ANSWER)
            return -E2BIG;
        if (clock_mono_ms() > until)
            return -ETIMEDOUT;
    }
}

int engine_ask(const char *path, struct err *e, json_t **ret_answer)
{
    AUTO(str_done) struct str text = {0};
    AUTO(mem_freep)
    char *question =
        mem_printf("GET %s HTTP/1.0\r\nHost: docker\r\nConnection: close\r\n\r\n", path);
    int fd = connect_engine();
    if (fd == -ENOENT)
        return err_set(e, -ENOENT, "There is no Docker at /run/docker.sock on this machine.");
    if (fd < 0)
        return err_set(e, -ECONNREFUSED, "Docker does not answer at /run/docker.sock: %s.",
                       strerror(-fd));
    ssize_t n = send(fd, question, strlen(question), MSG_NOSIGNAL);
    int r = n == (ssize_t)strlen(question) ? read_all(fd, &text) : -EIO;
    close(fd);
    if (r < 0)
        return err_set(e, -EIO, "Docker did not answer: %s.", strerror(-r));
    return engine_answer_parse(str_text(&text), text.len, e, ret_answer);
}
