#include "hub/commands-private.h"

#include "access/audit.h"
#include "base/clock.h"
#include "base/rand.h"
#include "hub/database.h"

#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

/* What a verb works on. */
struct session_data {
    struct store *store;
    struct access *access;
    struct db *db;
    struct err e;
};

int command_fail(const struct err *e, int r)
{
    fprintf(stderr, "hydrad: %s\n", err_text(e, r));
    return 1;
}

int command_usage(const char *text)
{
    fprintf(stderr, "usage: hydrad %s\n", text);
    return 2;
}

const char *command_word(const struct config *c, size_t at)
{
    for (size_t i = 0; i < c->rest.n; i++)
        if (!str_starts(c->rest.v[i], "--") && at-- == 0)
            return c->rest.v[i];
    return NULL;
}

struct actor command_actor(void)
{
    return (struct actor){
        .name = "local", .via = "local", .address = "", .now_ms = clock_wall_ms()};
}

static int open_access(const struct config *c, struct session_data *d)
{
    int r = database_open(c, &d->e, &d->store);
    if (r >= 0)
        r = access_new(d->store, NULL, &d->e, &d->access);
    return r < 0 ? r : store_take(d->store, &d->e, &d->db);
}

static void close_access(struct session_data *d)
{
    store_give(d->db);
    access_free(d->access);
    store_close(d->store);
}

/* The first line of a file, or of standard input for "-". */
static int read_password_file(const char *path, char *ret, size_t size, struct err *e)
{
    FILE *f = str_eq(path, "-") ? stdin : fopen(path, "re");
    if (!f)
        return err_set(e, -errno, "The password file %s can't be read: %s.", path, strerror(errno));
    char *line = fgets(ret, (int)size, f);
    if (f != stdin)
        fclose(f);
    if (!line)
        return err_set(e, -EINVAL, "The password file %s is empty.", path);
    ret[strcspn(ret, "\r\n")] = 0;
    return 0;
}

/* Asks at the terminal, without echo. */
static int ask_password(char *ret, size_t size, struct err *e)
{
    struct termios before;
    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return err_set(
            e, -EINVAL,
            "Name a file that holds the password: --password-file FILE, or - for standard input.");
    struct termios quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    fputs("New password: ", stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    int r = read_password_file("-", ret, size, e);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return r;
}

static int get_password(const struct config *c, char *ret, size_t size, struct err *e)
{
    const char *path = config_option(c, "password-file");
    return path ? read_password_file(path, ret, size, e) : ask_password(ret, size, e);
}

int command_user_add(const struct config *c)
{
    const char *name = command_word(c, 2), *role_text = config_option(c, "role");
    char password[LIMIT_PASSWORD_MAX + 2];
    enum role role;
    if (!name || !role_text)
        return command_usage(
            "user add NAME --role admin|operator|viewer [--limits LIMITS] [--password-file FILE]");
    struct session_data d = {0};
    int r = role_parse(role_text, &role);
    if (r < 0) {
        err_set(&d.e, r, "The role is admin, operator or viewer, not %s.", role_text);
        command_fail(&d.e, r);
        return 2;
    }
    r = get_password(c, password, sizeof password, &d.e);
    if (r >= 0)
        r = open_access(c, &d);
    struct actor by = command_actor();
    struct user u;
    if (r >= 0)
        r = access_user_add(d.access, d.db, &by, name, password, role, config_option(c, "limits"),
                            &d.e, &u);
    if (r >= 0)
        printf("%s\n", u.id);
    close_access(&d);
    return r < 0 ? command_fail(&d.e, r) : 0;
}

int command_token_add(const struct config *c)
{
    static const char how[] = "token add NAME --user USER --scope PERMISSION[,…] [--expires 90d]";
    const char *name = command_word(c, 2), *user = config_option(c, "user"),
               *scope = config_option(c, "scope");
    const char *expires_text = config_option(c, "expires");
    int64_t ms = 0;
    uint64_t scopes = 0;
    if (!name || !user || !scope)
        return command_usage(how);
    struct session_data d = {0};
    if (expires_text && (clock_parse_duration(expires_text, &ms) < 0 || ms <= 0))
        return command_fail(&d.e, err_set(&d.e, -EINVAL,
                                          "--expires is a duration such as 90d or 12h, not \"%s\".",
                                          expires_text));
    int r = permissions_parse(scope, &scopes, &d.e);
    if (r >= 0)
        r = open_access(c, &d);
    struct user u;
    struct token t;
    char secret[64];
    struct actor by = command_actor();
    if (r >= 0 && (r = access_user_get(d.access, user, &u)) < 0)
        err_set(&d.e, r, "There is no user called %s.", user);
    if (r >= 0)
        r = access_token_add(d.access, d.db, &by, u.id, name, scopes, ms ? clock_wall_ms() + ms : 0,
                             &d.e, secret, &t);
    if (r >= 0)
        printf("%s\n", secret);
    close_access(&d);
    return r < 0 ? command_fail(&d.e, r) : 0;
}

int command_reset_password(const struct config *c)
{
    const char *name = command_word(c, 1);
    char password[LIMIT_PASSWORD_MAX + 2];
    if (!name)
        return command_usage("reset-password NAME [--password-file FILE]");
    struct session_data d = {0};
    struct user u;
    struct actor by = command_actor();
    bool enabled = false;
    int r = get_password(c, password, sizeof password, &d.e);
    if (r >= 0)
        r = open_access(c, &d);
    if (r >= 0 && (r = access_user_get(d.access, name, &u)) < 0)
        err_set(&d.e, r, "There is no user called %s.", name);
    if (r >= 0)
        r = access_user_change(d.access, d.db, &by, u.id,
                               &(struct user_change){.password = password, .disabled = &enabled},
                               NULL, &d.e);
    if (r >= 0)
        fprintf(stderr, "%s has the new password; every session of that user has ended.\n", u.name);
    close_access(&d);
    return r < 0 ? command_fail(&d.e, r) : 0;
}

int command_audit_verify(const struct config *c)
{
    struct session_data d = {0};
    int64_t entries = 0, bad = 0;
    int r = database_open(c, &d.e, &d.store);
    if (r >= 0)
        r = store_take(d.store, &d.e, &d.db);
    if (r >= 0)
        r = audit_verify(d.db, &entries, &bad, &d.e);
    if (r >= 0)
        printf("The audit log is whole: %lld entries.\n", (long long)entries);
    else if (r == -EBADMSG)
        fprintf(stderr, "The audit log was changed: entry %lld does not fit the chain.\n",
                (long long)bad);
    close_access(&d);
    return r >= 0 ? 0 : r == -EBADMSG ? 1 : command_fail(&d.e, r);
}

/* --- the database as a whole --- */

int command_migrate(const struct config *c)
{
    struct err e = {0};
    struct store *s = NULL;
    int have = 0, want = 0;
    int r = database_open(c, &e, &s);
    if (r >= 0)
        r = store_schema_version(s, &e, &have, &want);
    if (r >= 0)
        printf("The schema of %s is version %d of %d.\n", store_label(s), have, want);
    store_close(s);
    return r < 0 ? command_fail(&e, r) : 0;
}

int command_backup(const struct config *c)
{
    const char *file = command_word(c, 1);
    if (!file)
        return command_usage("backup FILE");
    struct err e = {0};
    struct store *s = NULL;
    AUTO(mem_freep) char *url = config_database_url(c);
    int r = store_open(url, &e, &s);
    if (r >= 0)
        r = store_backup(s, file, &e);
    store_close(s);
    return r < 0 ? command_fail(&e, r) : 0;
}

int command_restore(const struct config *c)
{
    const char *file = command_word(c, 1);
    if (!file)
        return command_usage("restore FILE");
    struct err e = {0};
    AUTO(mem_freep) char *url = config_database_url(c);
    int r = data_folder_make(c, &e), lock = -1;
    if (r >= 0)
        r = lock = data_folder_lock(c, &e);
    if (r >= 0)
        r = store_restore(url, file, &e);
    if (lock >= 0)
        close(lock);
    return r < 0 ? command_fail(&e, r) : 0;
}

int command_copy_database(const struct config *c)
{
    const char *target = config_option(c, "to");
    if (!target)
        return command_usage("copy-database --to postgresql://…");
    struct err e = {0};
    struct store *from = NULL, *to = NULL;
    uint64_t rows = 0;
    int lock = -1, r = data_folder_make(c, &e);
    if (r >= 0)
        r = lock = data_folder_lock(c, &e);
    if (r >= 0)
        r = database_open(c, &e, &from);
    if (r >= 0)
        r = store_open(target, &e, &to);
    if (r >= 0)
        r = store_migrate(to, &e);
    if (r >= 0)
        r = store_copy(from, to, &e, &rows);
    if (r >= 0)
        printf("Copied %llu rows. Start hydrad with --database %s from now on.\n",
               (unsigned long long)rows, store_label(to));
    store_close(to);
    store_close(from);
    if (lock >= 0)
        close(lock);
    return r < 0 ? command_fail(&e, r) : 0;
}
