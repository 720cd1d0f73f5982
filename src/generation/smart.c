/* What the disks of this machine say of themselves: a fixed question to each one that is there. */
#include "generation/generation.h"

#include "node/disk-list.h"
#include "node/smart-run.h"

static void ask(const char *smartctl, const struct disk *d, struct str *report)
{
    AUTO(program_end_done) struct program_end end = {0};
    struct err e = {0};
    if (d->is_virtual || !smart_name_is_valid(d->name) || report->len > LIMIT_SMART_REPORT)
        return;
    int r = smartctl_ask(smartctl, d->name, &e, &end);
    smart_report_add(report, d->name, r < 0 ? NULL : &end, &e);
}

int ask_disks(const struct root_request *r)
{
    struct disk_list l = {0};
    AUTO(str_done) struct str report = {0};
    AUTO(mem_freep) char *smartctl = program_find("", "smartctl");
    forget_reports(ROOT_DISKS_ID);
    int status = disk_list_read("", &l);
    if (status < 0 || !smartctl) {
        answer(r->id, ROOT_FAILED,
               smartctl ? "This machine shows no disks in /sys/block."
                        : "smartctl is not on this machine.",
               NULL);
        disk_list_done(&l);
        return status < 0 ? status : -ENOPKG;
    }
    for (size_t i = 0; i < l.v.n; i++)
        ask(smartctl, &l.v.v[i], &report);
    disk_list_done(&l);
    answer(r->id, ROOT_DONE, "The disks were asked.", str_text(&report));
    return 0;
}
