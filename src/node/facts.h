/* What seldom changes about the machine: names, hardware, addresses, a pending reboot. */
#pragma once

#include "node/gpu.h"
#include "node/kfile.h"
#include "node/report.h"

/* Gathers everything anew; reads some thirty small files and asks the kernel for addresses.
 * `gpus` may be NULL. */
struct node_facts *facts_gather(const char *root, const struct gpus *gpus);

/* One text that differs whenever the facts do. */
void facts_print(const struct node_facts *f, struct str *out);

/* --- its parts, for tests --- */

/* /proc/cpuinfo: fills cpu_model, cpu_sockets, cpu_cores, cpu_threads; *ret_guest: the CPU says it
 * runs under a hypervisor. */
void facts_parse_cpuinfo(struct node_facts *f, struct scan text, bool *ret_guest);

/* The value of `key` in an os-release(5) text, unquoted; NULL when absent. The caller frees. */
char *facts_os_release(const char *text, const char *key);

/* Why a reboot is due, NULL = it is not. `kernel`: the release that runs. The caller frees. */
char *facts_pending_reboot(const char *root, const char *kernel);
