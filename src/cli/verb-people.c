/* hydra user …, hydra session …, hydra token … */
#include "cli/list.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <unistd.h>

static bool read_password(const struct invocation *v, char *password, size_t size)
{
    const char *file = invocation_option(v, "password-file");
    FILE *f = !file ? NULL : str_eq(file, "-") ? stdin : fopen(file, "re");
    if (!file) {
        char *typed = isatty(STDIN_FILENO) ? getpass("Password: ") : NULL;
        return typed && str_copy(password, size, typed) && *password;
    }
    bool ok = f && fgets(password, (int)size, f);
    if (f && f != stdin)
        fclose(f);
    password[strcspn(ok ? password : "", "\r\n")] = 0;
    return ok && *password;
}

bool verb_password(const struct invocation *v, char *ret_password, size_t size)
{
    bool ok = read_password(v, ret_password, size);
    if (!ok)
        fputs("hydra: No password: name a file with --password-file FILE, or - for standard "
              "input.\n",
              stderr);
    return ok;
}

int verb_user_add(struct invocation *v)
{
    char password[1100] = "";
    const char *role = invocation_option(v, "role");
    AUTO(json_decrefp) json_t *answer = NULL;
    if (v->words.n != 1 || !role)
        return verb_usage(v);
    if (!verb_password(v, password, sizeof password))
        return 2;
    AUTO(json_decrefp)
    json_t *body =
        json_pack("{s:s, s:s, s:s}", "name", v->words.v[0], "password", password, "role", role);
    if (invocation_has(v, "limits"))
        json_object_set_new(body, "limits", json_string(invocation_option(v, "limits")));
    int code = verb_call(v, "POST", "users", NULL, body, &answer);
    if (code == 0)
        printf("%s\n", json_get_str(answer, "id", ""));
    return code;
}

int verb_user_edit(struct invocation *v)
{
    char password[1100] = "";
    AUTO(json_decrefp) json_t *answer = NULL;
    AUTO(json_decrefp) json_t *body = json_object();
    if (v->words.n != 1)
        return verb_usage(v);
    if (invocation_has(v, "role"))
        json_object_set_new(body, "role", json_string(invocation_option(v, "role")));
    if (invocation_has(v, "limits"))
        json_object_set_new(body, "limits", json_string(invocation_option(v, "limits")));
    if (invocation_has(v, "disable") || invocation_has(v, "enable"))
        json_object_set_new(body, "disabled", json_boolean(invocation_has(v, "disable")));
    if (invocation_has(v, "password-file")) {
        if (!verb_password(v, password, sizeof password))
            return 2;
        json_object_set_new(body, "password", json_string(password));
    }
    return json_object_size(body) ? verb_call(v, "PATCH", "users", v->words.v[0], body, &answer)
                                  : verb_usage(v);
}

static int remove_one(struct invocation *v, const char *collection)
{
    AUTO(json_decrefp) json_t *answer = NULL;
    return v->words.n == 1 ? verb_call(v, "DELETE", collection, v->words.v[0], NULL, &answer)
                           : verb_usage(v);
}

int verb_user_rm(struct invocation *v)
{
    return remove_one(v, "users");
}

int verb_session_end(struct invocation *v)
{
    return remove_one(v, "sessions");
}

int verb_token_rm(struct invocation *v)
{
    return remove_one(v, "tokens");
}

int verb_token_add(struct invocation *v)
{
    const char *scope = invocation_option(v, "scope"), *expires = invocation_option(v, "expires");
    AUTO(json_decrefp) json_t *answer = NULL;
    if (v->words.n != 1 || !scope)
        return verb_usage(v);
    struct str_list scopes = {0};
    json_t *list = json_array();
    str_list_split(&scopes, scope, ',');
    for (size_t i = 0; i < scopes.n; i++)
        json_array_append_new(list, json_string(scopes.v[i]));
    str_list_done(&scopes);
    AUTO(json_decrefp)
    json_t *body =
        json_pack("{s:s, s:o, s:s?}", "name", v->words.v[0], "scopes", list, "expires_in", expires);
    int code = verb_call(v, "POST", "tokens", NULL, body, &answer);
    if (code == 0)
        printf("%s\n", json_get_str(answer, "secret", ""));
    return code;
}
