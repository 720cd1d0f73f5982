#include "node/nix-store.h"

#include "base/vec.h"
#include "node/program.h"

#include <unistd.h>

enum { PATHS_AT_ONCE = 500, HASH_LENGTH = 32, LIMIT_STORE_NAME = 211 };

char *nix_program(const char *name)
{
    static const char *const folders[] = {"/run/current-system/sw/bin",
                                          "/nix/var/nix/profiles/default/bin", "/usr/local/bin",
                                          "/usr/bin"};
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        char *path = mem_printf("%s/%s", folders[i], name);
        if (access(path, X_OK) == 0)
            return path;
        mem_free(path);
    }
    return NULL;
}

/* The last line is the one that says it; colours are not for here. */
static void last_line(const struct str *said, struct str *line)
{
    const char *text = str_text(said), *end = text + said->len;
    while (end > text && (end[-1] == '\n' || end[-1] == ' '))
        end--;
    const char *start = end;
    while (start > text && start[-1] != '\n')
        start--;
    for (; start < end; start++) {
        if (*start == 0x1b)
            while (start < end && *start != 'm')
                start++;
        else if ((unsigned char)*start >= 0x20)
            str_add_char(line, *start);
    }
}

int nix_run(const char *root, const char *name, const char *const *arguments, uint32_t deadline_ms,
            struct err *e, struct str *ret_text)
{
    AUTO(mem_freep) char *program = nix_program(name);
    AUTO(mem_freep) char *store = mem_printf("local?root=%s", root);
    VEC(const char *) argv = {0};
    struct program_end end = {0};
    if (!program)
        return err_set(e, -ENOPKG, "Nix is not installed on this machine: there is no %s.", name);
    *vec_add(&argv) = program;
    if (*root) {
        *vec_add(&argv) = "--store";
        *vec_add(&argv) = store;
    }
    for (size_t i = 0; arguments[i]; i++)
        *vec_add(&argv) = arguments[i];
    *vec_add(&argv) = NULL;
    int r = program_run(&(struct program){.argv = argv.v,
                                          .deadline_ms = deadline_ms,
                                          .output_max = LIMIT_NIX_ANSWER},
                        e, &end);
    vec_done(&argv);
    if (r < 0)
        return r;
    if (end.status != 0) {
        struct str line = {0};
        last_line(&end.errors, &line);
        r = err_set(e, -EIO, "%s %s failed: %s", name, arguments[0],
                    line.len ? str_text(&line) : "it said nothing");
        str_done(&line);
    } else {
        *ret_text = end.text;
        end.text = (struct str){0};
    }
    program_end_done(&end);
    return r;
}

/* "/nix/store/HASH-NAME": Nix's own alphabets. */
bool nix_is_store_path(const char *path)
{
    static const char store[] = "/nix/store/";
    if (!str_starts(path, store))
        return false;
    const char *hash = path + strlen(store);
    if (strspn(hash, "0123456789abcdfghijklmnpqrsvwxyz") < HASH_LENGTH || hash[HASH_LENGTH] != '-')
        return false;
    const char *name = hash + HASH_LENGTH + 1;
    size_t n = strspn(name, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-._?=");
    return n > 0 && n <= LIMIT_STORE_NAME && name[n] == 0 && name[0] != '.';
}

/* "nix-store -q WHAT PATH…", a part at a time. */
static int query(const char *root, const char *what, const char *const *paths, size_t n,
                 struct err *e, struct str_list *ret_lines)
{
    for (size_t i = 0; i < n;) {
        VEC(const char *) arguments = {0};
        AUTO(str_done) struct str text = {0};
        *vec_add(&arguments) = "--query";
        *vec_add(&arguments) = what;
        for (size_t end = i + PATHS_AT_ONCE; i < n && i < end; i++)
            *vec_add(&arguments) = paths[i];
        *vec_add(&arguments) = NULL;
        int r = nix_run(root, "nix-store", arguments.v, NIX_QUERY_MS, e, &text);
        vec_done(&arguments);
        if (r < 0)
            return r;
        str_list_split(ret_lines, str_text(&text), '\n');
    }
    return 0;
}

int nix_closure(const char *root, const char *const *paths, size_t n, struct err *e,
                struct str_list *ret_paths)
{
    return query(root, "--requisites", paths, n, e, ret_paths);
}

int nix_size(const char *root, const struct str_list *paths, struct err *e, uint64_t *ret_bytes)
{
    AUTO(str_list_done) struct str_list lines = {0};
    uint64_t sum = 0, bytes;
    int r = query(root, "--size", (const char *const *)paths->v, paths->n, e, &lines);
    for (size_t i = 0; r >= 0 && i < lines.n; i++)
        if (str_to_u64(lines.v[i], &bytes) == 0)
            sum += bytes;
    if (r >= 0)
        *ret_bytes = sum;
    return r;
}
