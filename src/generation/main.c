/* hydra-agent-helper INSTANCE: see README.md. */
#include "base/clock.h"
#include "generation/generation.h"
#include "node/rooted.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT_ANSWERS = 200, REPORT_STAYS_S = 60 /* whoever asked has read it */ };

/* Of requests long over: whoever asked has read them. */
static void forget_answers(void)
{
    AUTO(str_list_done) struct str_list names = {0};
    (void)!rooted_list("", ROOT_ANSWERS, LIMIT_ANSWERS + 1, &names);
    for (size_t i = 0; names.n > LIMIT_ANSWERS && i < names.n / 2; i++) {
        AUTO(mem_freep) char *path = mem_printf("%s/%s", ROOT_ANSWERS, names.v[i]);
        (void)unlink(path);
    }
}

void forget_reports(const char *prefix)
{
    AUTO(str_list_done) struct str_list names = {0};
    int64_t now_s = clock_wall_ms() / 1000;
    (void)!rooted_list("", ROOT_ANSWERS, 1000, &names);
    for (size_t i = 0; i < names.n; i++) {
        AUTO(mem_freep) char *path = mem_printf("%s/%s", ROOT_ANSWERS, names.v[i]);
        struct stat st;
        if (str_starts(names.v[i], prefix) && stat(path, &st) == 0 &&
            now_s - st.st_mtim.tv_sec > REPORT_STAYS_S)
            (void)unlink(path);
    }
}

void answer(const char *id, enum root_answer_state state, const char *text, const char *output)
{
    AUTO(mem_freep) char *path = mem_printf("%s/%s", ROOT_ANSWERS, id);
    AUTO(str_done) struct str s = {0};
    struct err e = {0};
    root_answer_print(state, text, output, &s);
    if (switch_write_file(path, &s, &e) < 0)
        fprintf(stderr, "answer not written: %s\n", e.text);
    printf("%s: %s\n", root_answer_state_name(state), text);
    fflush(stdout);
}

static int do_request(const struct root_request *r)
{
    switch (r->verb) {
    case ROOT_PLAN:
        return begin_plan(r);
    case ROOT_SWITCH:
        return begin_switch(r);
    case ROOT_REBUILD:
        return begin_rebuild(r);
    case ROOT_COLLECT:
        return collect(r);
    case ROOT_CONFIRM:
        return confirm(r);
    case ROOT_SETTLE:
        return settle(false);
    case ROOT_REMOUNT:
        return remount(r);
    case ROOT_DISKS:
        return ask_disks(r);
    case ROOT_VACUUM:
        return vacuum_journal(r);
    case ROOT_EMPTY:
        return empty_log(r);
    case ROOT_LOGS:
        return list_logs(r);
    case ROOT_VERBS:
        break;
    }
    return -EINVAL;
}

/* Asked again here: what polkit was asked about is the agent's word, this is root's own. */
static int request(const char *instance)
{
    struct root_request r;
    struct err e = {0};
    if (root_request_parse(instance, &r) < 0) {
        fprintf(stderr, "\"%s\" asks for nothing that there is.\n", instance);
        return -EINVAL;
    }
    AUTO(policy_freep) struct policy *p = policy_load(POLICY_USUAL_PATH, false);
    if (root_request_check(&r, p, &e) < 0) {
        answer(*r.id ? r.id : "settle", ROOT_REFUSED, e.text, NULL);
        return -EACCES;
    }
    return do_request(&r);
}

/* What the units that it makes itself call, and the one at boot. */
static int own(const char *verb)
{
    if (str_eq(verb, "activated"))
        return activated();
    if (str_eq(verb, "boot"))
        return settle_at_boot();
    if (str_eq(verb, "late"))
        return settle(true);
    return -EINVAL;
}

int main(int argc, char **argv)
{
    static const char usage[] =
        "usage: hydra-agent-helper INSTANCE; systemd calls it, as "
        "hydra-generation@INSTANCE.service or hydra-root@INSTANCE.service\n";
    bool is_own = argc == 3 && str_eq(argv[1], "own");
    if (argc != 2 && !is_own) {
        fputs(usage, stderr);
        return 2;
    }
    if (geteuid() != 0) {
        fputs("hydra-agent-helper works as root only: systemd starts it.\n", stderr);
        return 2;
    }
    umask(022);
    (void)mkdir(SWITCH_FOLDER, 0755);
    (void)mkdir(ROOT_ANSWERS, 0755);
    forget_answers();
    return (is_own ? own(argv[2]) : request(argv[1])) < 0 ? 1 : 0;
}
