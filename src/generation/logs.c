/* Shortens logs: the journal's old files, and what Docker kept of a container's output. */
#include "generation/generation.h"

#include "node/container-logs.h"
#include "node/journal-usage.h"
#include "node/program.h"

enum { VACUUM_MS = 4 * 60 * 1000 };

/* What is written to is put aside first, so that its files can go, too. */
static int run_vacuum(const struct vacuum *v, struct err *e, struct str *ret_said)
{
    AUTO(mem_freep) char *program = program_find("", "journalctl");
    AUTO(mem_freep) char *size = mem_printf("--vacuum-size=%llu", (unsigned long long)v->bytes);
    AUTO(mem_freep) char *age = mem_printf("--vacuum-time=%llus", (unsigned long long)v->seconds);
    const char *argv[5] = {program, "--rotate"};
    size_t n = 2;
    if (v->bytes)
        argv[n++] = size;
    if (v->seconds)
        argv[n++] = age;
    if (!program)
        return err_set(e, -ENOPKG, "journalctl is not on this machine.");
    int r = run_said(argv, VACUUM_MS, e, ret_said);
    return r > 0 ? err_set(e, -EIO, "journalctl ended with exit code %d.", r) : r;
}

static void say_won(const struct journal_usage *before, const struct journal_usage *after,
                    struct str *out)
{
    bool won = before->bytes > after->bytes;
    str_add(out, "The journal takes ");
    str_add_bytes(out, after->bytes);
    if (won) {
        str_add(out, " now: ");
        str_add_bytes(out, before->bytes - after->bytes);
    }
    str_add(out, won ? " are free again." : ". Nothing was won: no old file was beyond that.");
}

int vacuum_journal(const struct root_request *r)
{
    struct journal_usage before = {0}, after = {0};
    AUTO(str_done) struct str said = {0};
    AUTO(str_done) struct str text = {0};
    struct err e = {0};
    int status = journal_usage_read("", &e, &before);
    if (status < 0) {
        answer(r->id, ROOT_REFUSED, err_text(&e, status), NULL);
        return status;
    }
    answer(r->id, ROOT_RUNNING, "removing old files of the journal", NULL);
    status = run_vacuum(&r->vacuum, &e, &said);
    if (status >= 0)
        status = journal_usage_read("", &e, &after);
    if (status < 0) {
        answer(r->id, ROOT_FAILED, err_text(&e, status), str_text(&said));
        return status;
    }
    say_won(&before, &after, &text);
    answer(r->id, ROOT_DONE, text.p, str_text(&said));
    return 0;
}

int empty_log(const struct root_request *r)
{
    AUTO(str_done) struct str text = {0};
    struct err e = {0};
    uint64_t won = 0;
    int status = container_log_empty(r->name, &e, &won);
    if (status < 0) {
        answer(r->id, status == -EIO ? ROOT_FAILED : ROOT_REFUSED, err_text(&e, status), NULL);
        return status;
    }
    str_addf(&text, "The log of %s is empty: ", r->name);
    str_add_bytes(&text, won);
    str_add(&text, " are free again.");
    answer(r->id, ROOT_DONE, text.p, NULL);
    return 0;
}

int list_logs(const struct root_request *r)
{
    AUTO(container_logs_done) struct container_logs l = {0};
    AUTO(str_done) struct str report = {0};
    struct err e = {0};
    forget_reports(ROOT_LOGS_ID);
    int status = container_logs_read(&e, &l);
    if (status >= 0)
        container_logs_print(&l, &report);
    answer(r->id, status < 0 ? ROOT_FAILED : ROOT_DONE,
           status < 0 ? err_text(&e, status) : "The logs were looked at.", str_text(&report));
    return status;
}
