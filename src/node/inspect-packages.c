/* Pending updates of the system's packages: of Debian and its kin, by asking apt-get what it would
 * do. Nothing is fetched: the machine's own timers do that. */
#include "base/clock.h"
#include "node/facts.h"
#include "node/inspect-private.h"
#include "node/packages.h"
#include "node/program.h"
#include "node/rooted.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>

enum { APT_MS = 50000, LIMIT_APT = 4 << 20, LIMIT_DPKG = 32 << 20 };

/* What other systems are asked with. */
static const struct {
    const char *id, *advice;
} others[] = {
    {"nixos", "NixOS is brought up to date by new generations: see there."},
    {"unraid", "Unraid is brought up to date as a whole, on its own page: Tools, Update OS."},
    {"fedora", "Hydra asks apt alone. Here: dnf check-update."},
    {"arch", "Hydra asks apt alone. Here: checkupdates."},
    {"alpine", "Hydra asks apt alone. Here: apk list --upgradable."},
    {"opensuse", "Hydra asks apt alone. Here: zypper list-updates."},
};

static const char *advice_for(const char *id)
{
    for (size_t i = 0; id && i < COUNT_OF(others); i++)
        if (str_starts(id, others[i].id))
            return others[i].advice;
    return "Hydra asks apt alone, which is not on this machine.";
}

/* When the lists were fetched: of apt's own stamp, else of the folder that they are put into. */
static int64_t refreshed_ms(const char *root)
{
    static const char *const stamps[] = {"/var/lib/apt/periodic/update-success-stamp",
                                         "/var/lib/apt/lists/partial", "/var/lib/apt/lists"};
    struct stat st;
    for (size_t i = 0; i < COUNT_OF(stamps); i++) {
        AUTO(mem_freep) char *path = mem_printf("%s%s", root, stamps[i]);
        if (stat(path, &st) == 0)
            return (int64_t)st.st_mtim.tv_sec * 1000;
    }
    return 0;
}

static int ask_apt(const char *program, struct update_list *l, struct err *e)
{
    AUTO(program_end_done) struct program_end end = {0};
    const char *const argv[] = {program,        "-s", "-q", "-o", "Debug::NoLocking=true",
                                "dist-upgrade", NULL};
    int r = program_run(
        &(struct program){.argv = argv, .deadline_ms = APT_MS, .output_max = LIMIT_APT}, e, &end);
    if (r < 0)
        return err_set(e, -EIO, "apt-get can't be asked: %s.", strerror(-r));
    if (end.status != 0)
        return err_set(e, -EIO, "apt-get does not know what to update: %.300s",
                       end.errors.len ? str_trim(end.errors.p) : "it gives no reason.");
    updates_parse(l, str_text(&end.text), end.text.len);
    return 0;
}

static void print_held(const char *root, struct jw *w)
{
    struct str text = {0};
    struct str_list held = {0};
    if (rooted_read(root, "/var/lib/dpkg/status", LIMIT_DPKG, &text) >= 0)
        held_parse(&held, str_text(&text), text.len);
    jw_key_strs(w, "held", &held);
    str_list_done(&held);
    str_done(&text);
}

static void print_reboot(const char *root, struct jw *w)
{
    struct utsname kernel;
    AUTO(mem_freep)
    char *why = uname(&kernel) == 0 ? facts_pending_reboot(root, kernel.release) : NULL;
    jw_key(w, "reboot");
    jw_object(w);
    jw_key_bool(w, "required", why != NULL);
    jw_key_str(w, "why", why);
    jw_end_object(w);
}

static char *os_release(const char *root, const char *key)
{
    AUTO(str_done) struct str text = {0};
    return rooted_read(root, "/etc/os-release", 64 << 10, &text) < 0
               ? NULL
               : facts_os_release(str_text(&text), key);
}

static int tell(void *arg, struct jw *w, struct err *e)
{
    const char *root = arg;
    struct update_list l = {0};
    AUTO(mem_freep) char *system = os_release(root, "PRETTY_NAME");
    AUTO(mem_freep) char *id = os_release(root, "ID");
    AUTO(mem_freep) char *found = rooted_real(root, "/usr/bin/apt-get");
    AUTO(mem_freep) char *apt = found ? mem_printf("%s%s", root, found) : NULL;
    int r = apt ? ask_apt(apt, &l, e) : 0;
    if (r >= 0) {
        jw_object(w);
        jw_key_str(w, "system", system ? system : "Linux");
        jw_key_str(w, "manager", apt ? "apt" : NULL);
        jw_key_str(w, "text", apt ? NULL : advice_for(id));
        jw_key_time(w, "refreshed", apt ? refreshed_ms(root) : 0);
        updates_print(&l, w);
        print_held(root, w);
        print_reboot(root, w);
        jw_end_object(w);
    }
    updates_done(&l);
    return r;
}

static void start(struct inspect *i)
{
    inspect_on_thread(i, tell, mem_strdup(i->node->settings.root), mem_free);
}

const struct inspect_ops packages_inspect = {.start = start};
