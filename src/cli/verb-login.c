/* hydra login, hydra logout. */
#include "cli/client.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

enum { ANSWER_SIZE = 1100 };

/* Reads a line; without echo when it is a secret and there is a terminal. */
static bool ask(const char *prompt, bool secret, char answer[ANSWER_SIZE])
{
    struct termios before, quiet;
    bool hide = secret && tcgetattr(STDIN_FILENO, &before) == 0;
    fputs(prompt, stderr);
    if (hide) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    bool ok = fgets(answer, ANSWER_SIZE, stdin) != NULL;
    if (hide) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    answer[strcspn(ok ? answer : "", "\r\n")] = 0;
    return ok && *answer;
}

static bool read_secret(const struct invocation *v, char password[ANSWER_SIZE])
{
    const char *file = invocation_option(v, "password-file");
    if (!file)
        return ask("Password: ", true, password);
    FILE *f = str_eq(file, "-") ? stdin : fopen(file, "re");
    bool ok = f && fgets(password, ANSWER_SIZE, f);
    if (f && f != stdin)
        fclose(f);
    password[strcspn(ok ? password : "", "\r\n")] = 0;
    return ok && *password;
}

int verb_login(struct invocation *v)
{
    struct err e = {0};
    struct client *c = NULL;
    char name[ANSWER_SIZE] = "", password[ANSWER_SIZE] = "", machine[64] = "";
    AUTO(json_decrefp) json_t *answer = NULL;
    int r = client_new(v, &e, &c);
    if (r < 0)
        return verb_fail(&e, r);
    if (v->words.n)
        str_copy(name, sizeof name, v->words.v[0]);
    gethostname(machine, sizeof machine - 1);
    if ((!*name && !ask("Name: ", false, name)) || !read_secret(v, password)) {
        client_free(c);
        return verb_fail(&(struct err){.text = "Nothing was entered: not signed in."}, -EINVAL);
    }
    AUTO(json_decrefp)
    json_t *body =
        json_pack("{s:s, s:s, s:s}", "name", name, "password", password, "client", machine);
    r = client_call(c, "POST", "/api/cli/login", body, &e, &answer);
    const char *token = json_get_str(answer, "token", NULL);
    if (r >= 0 && !token)
        r = err_set(&e, -EIO, "%s answered, but not like hydrad.", client_url(c));
    if (r >= 0)
        r = login_keep(client_url(c), token, &e);
    if (r >= 0)
        fprintf(stderr, "Signed in to %s as %s.\n", client_url(c),
                json_get_str(answer, "user", name));
    client_free(c);
    return r < 0 ? verb_fail(&e, r) : 0;
}

/* Ends the token at hydrad, then forgets it here, whatever hydrad said. */
int verb_logout(struct invocation *v)
{
    struct err e = {0}, ignored = {0};
    struct client *c = NULL;
    AUTO(json_decrefp) json_t *answer = NULL;
    int r = client_new(v, &e, &c);
    if (r >= 0 && client_call(c, "POST", "/api/web/logout", NULL, &ignored, &answer) < 0)
        fprintf(stderr, "The token could not be revoked: %s\n", ignored.text);
    client_free(c);
    if (r >= 0)
        r = login_forget(&e);
    return r < 0 ? verb_fail(&e, r) : 0;
}
