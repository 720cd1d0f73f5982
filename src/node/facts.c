#include "node/facts.h"
#include "node/version.h"

#include "base/clock.h"
#include "node/magic-packet.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <sys/utsname.h>

enum { TEXT_MAX = 4096, NAME_MAX_SHORT = 256 };

static char *text_or(const char *root, const char *path, const char *otherwise)
{
    char text[NAME_MAX_SHORT];
    return mem_strdup(kfile_text(text, sizeof text, root, "%s", path) >= 0 && *text ? text
                                                                                    : otherwise);
}

static char *unquote(const char *p, size_t n)
{
    char *out = mem_alloc(n + 1), *to = out;
    char quote = n && (*p == '"' || *p == '\'') ? *p : 0;
    for (size_t i = quote != 0; i < n && !(quote && p[i] == quote); i++) {
        i += p[i] == '\\' && quote == '"' && i + 1 < n;
        *to++ = p[i];
    }
    return out;
}

char *facts_os_release(const char *text, const char *key)
{
    size_t n = strlen(key);
    for (const char *line = text; line && *line;) {
        const char *end = strchrnul(line, '\n');
        if (strncmp(line, key, n) == 0 && line[n] == '=')
            return unquote(line + n + 1, (size_t)(end - line) - n - 1);
        line = *end ? end + 1 : end;
    }
    return NULL;
}

static void set_os(struct node_facts *f, const char *root)
{
    char text[TEXT_MAX] = "";
    if (kfile_text(text, sizeof text, root, "/etc/os-release") < 0)
        kfile_text(text, sizeof text, root, "/usr/lib/os-release");
    f->os_name = facts_os_release(text, "PRETTY_NAME");
    f->os_id = facts_os_release(text, "ID");
    if (!f->os_name)
        f->os_name = mem_strdup("Linux");
    if (!f->os_id)
        f->os_id = mem_strdup("linux");
}

struct core_ids {
    uint64_t v[2]; /* physical id, core id */
};

struct topology {
    VEC(struct core_ids) cores;
    VEC(uint64_t) sockets;
    uint64_t socket;
};

static void count_core(struct topology *t, uint64_t core)
{
    for (size_t i = 0; i < t->cores.n; i++)
        if (t->cores.v[i].v[0] == t->socket && t->cores.v[i].v[1] == core)
            return;
    *vec_add(&t->cores) = (struct core_ids){{t->socket, core}};
}

static void count_socket(struct topology *t, uint64_t socket)
{
    t->socket = socket;
    for (size_t i = 0; i < t->sockets.n; i++)
        if (t->sockets.v[i] == socket)
            return;
    *vec_add(&t->sockets) = socket;
}

static bool line_has(const struct scan *s, const char *word)
{
    const char *nl = memchr(s->p, '\n', (size_t)(s->end - s->p));
    size_t n = (size_t)((nl ? nl : s->end) - s->p);
    return memmem(s->p, n, word, strlen(word)) != NULL;
}

static char *rest_of_line(const struct scan *s)
{
    const char *nl = memchr(s->p, '\n', (size_t)(s->end - s->p));
    char *text = mem_strndup(s->p, (size_t)((nl ? nl : s->end) - s->p));
    str_trim(text);
    return text;
}

/* After "key\t: "; false when another key stands here. */
static bool is_key(struct scan *s, const char *key)
{
    struct scan at = *s;
    if (!scan_text(&at, key))
        return false;
    scan_blanks(&at);
    if (*at.p != ':')
        return false;
    at.p++;
    scan_blanks(&at);
    *s = at;
    return true;
}

void facts_parse_cpuinfo(struct node_facts *f, struct scan s, bool *ret_guest)
{
    struct topology t = {0};
    uint64_t v;
    *ret_guest = false;
    for (; s.p < s.end; scan_next_line(&s)) {
        if (is_key(&s, "processor"))
            f->cpu_threads++;
        else if (is_key(&s, "physical id") && scan_u64(&s, &v))
            count_socket(&t, v);
        else if (is_key(&s, "core id") && scan_u64(&s, &v))
            count_core(&t, v);
        else if (!f->cpu_model && (is_key(&s, "model name") || is_key(&s, "Model")))
            f->cpu_model = rest_of_line(&s);
        else if (is_key(&s, "flags"))
            *ret_guest |= line_has(&s, " hypervisor");
    }
    f->cpu_sockets = t.sockets.n ? (unsigned)t.sockets.n : 1;
    f->cpu_cores = t.cores.n ? (unsigned)t.cores.n : f->cpu_threads;
    vec_done(&t.cores);
    vec_done(&t.sockets);
}

static void set_cpu(struct node_facts *f, const char *root, bool *ret_guest)
{
    struct kbuf buf = {0};
    struct scan s;
    int fd = kfile_open(root, "/proc/cpuinfo");
    *ret_guest = false;
    if (fd >= 0 && kfile_read_long(&buf, fd, &s) == 0)
        facts_parse_cpuinfo(f, s, ret_guest);
    kfile_close(&fd);
    kbuf_done(&buf);
    if (!f->cpu_model)
        f->cpu_model = text_or(root, "/proc/device-tree/model", "");
}

static uint64_t meminfo_bytes(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    uint64_t kib;
    if (!at)
        return 0;
    struct scan s = {at + strlen(key), at + strlen(at)};
    return scan_u64(&s, &kib) ? kib * 1024 : 0;
}

static void set_memory(struct node_facts *f, const char *root)
{
    char text[TEXT_MAX] = "";
    kfile_text(text, sizeof text, root, "/proc/meminfo");
    f->memory_total = meminfo_bytes(text, "MemTotal:");
    f->swap_total = meminfo_bytes(text, "SwapTotal:");
}

static int64_t boot_ms(const char *root)
{
    struct kbuf buf = {0};
    struct scan s;
    uint64_t seconds = 0;
    int fd = kfile_open(root, "/proc/stat");
    if (fd >= 0 && kfile_read(&buf, fd, &s) == 0)
        do
            if (scan_text(&s, "btime ") && scan_u64(&s, &seconds))
                break;
        while (scan_next_line(&s));
    kfile_close(&fd);
    kbuf_done(&buf);
    return (int64_t)seconds * 1000;
}

struct machine_name {
    const char *vendor, *product, *name; /* prefixes in DMI, and systemd-detect-virt's word */
};
static const struct machine_name machines[] = {
    {"QEMU", "", "kvm"},
    {"KVM", "", "kvm"},
    {"Amazon EC2", "", "amazon"},
    {"VMware", "", "vmware"},
    {"VMW", "", "vmware"},
    {"innotek GmbH", "", "oracle"},
    {"Oracle Corporation", "VirtualBox", "oracle"},
    {"Xen", "", "xen"},
    {"Parallels", "", "parallels"},
    {"Microsoft Corporation", "Virtual Machine", "microsoft"},
    {"Google", "Google Compute Engine", "google"},
    {"", "KVM", "kvm"},
};

static char *virtualization(const char *root, bool guest)
{
    if (kfile_exists(root, "/run/.containerenv"))
        return mem_strdup("podman");
    if (kfile_exists(root, "/.dockerenv"))
        return mem_strdup("docker");
    if (kfile_exists(root, "/dev/lxd/sock") || kfile_exists(root, "/dev/.lxc-boot-id"))
        return mem_strdup("lxc");
    AUTO(mem_freep) char *vendor = text_or(root, "/sys/class/dmi/id/sys_vendor", "");
    AUTO(mem_freep) char *product = text_or(root, "/sys/class/dmi/id/product_name", "");
    for (size_t i = 0; guest && i < COUNT_OF(machines); i++)
        if (str_starts(vendor, machines[i].vendor) && str_starts(product, machines[i].product))
            return mem_strdup(machines[i].name);
    return mem_strdup(guest ? "vm-other" : "");
}

static char *time_zone(const char *root)
{
    char link[NAME_MAX_SHORT];
    const char *at = NULL;
    if (kfile_link(link, sizeof link, root, "/etc/localtime") >= 0)
        at = strstr(link, "zoneinfo/");
    if (at)
        return mem_strdup(at + strlen("zoneinfo/"));
    return text_or(root, "/etc/timezone", "UTC");
}

static unsigned prefix_length(const struct sockaddr *mask)
{
    const unsigned char *p = mask->sa_family == AF_INET
                                 ? (const void *)&((const struct sockaddr_in *)mask)->sin_addr
                                 : (const void *)&((const struct sockaddr_in6 *)mask)->sin6_addr;
    size_t n = mask->sa_family == AF_INET ? 4 : 16;
    unsigned bits = 0;
    for (size_t i = 0; i < n; i++)
        bits += (unsigned)__builtin_popcount(p[i]);
    return bits;
}

static bool is_telling(const struct ifaddrs *a)
{
    if (!a->ifa_addr || !a->ifa_netmask || (a->ifa_flags & IFF_LOOPBACK) ||
        str_starts(a->ifa_name, "veth"))
        return false;
    if (a->ifa_addr->sa_family == AF_INET)
        return true;
    return a->ifa_addr->sa_family == AF_INET6 &&
           !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)a->ifa_addr)->sin6_addr);
}

static void add_addresses(struct str_list *to)
{
    struct ifaddrs *all;
    if (getifaddrs(&all) < 0)
        return;
    for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
        char text[INET6_ADDRSTRLEN];
        if (!is_telling(a))
            continue;
        const void *bytes = a->ifa_addr->sa_family == AF_INET
                                ? (const void *)&((struct sockaddr_in *)a->ifa_addr)->sin_addr
                                : (const void *)&((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr;
        inet_ntop(a->ifa_addr->sa_family, bytes, text, sizeof text);
        str_list_take(to, mem_printf("%s %s/%u", a->ifa_name, text, prefix_length(a->ifa_netmask)));
    }
    freeifaddrs(all);
}

/* A card has a device behind it; bridges, tunnels and the like have none. */
static void add_mac(void *arg, const char *name)
{
    void **both = arg;
    const char *root = both[0];
    char mac[NAME_MAX_SHORT];
    unsigned char bytes[MAC_BYTES];
    if (kfile_exists(root, "/sys/class/net/%s/device", name) &&
        kfile_text(mac, sizeof mac, root, "/sys/class/net/%s/address", name) >= 0 &&
        mac_parse(mac, bytes) == 0)
        str_list_take(both[1], mem_printf("%s %s", name, mac));
}

static void add_macs(const char *root, struct str_list *to)
{
    void *both[] = {(void *)root, to};
    if (kfile_list(root, "/sys/class/net", add_mac, both) < 0)
        return;
    for (size_t i = 1; i < to->n; i++) /* few: insertion; the same facts are the same text */
        for (size_t k = i; k > 0 && strcmp(to->v[k], to->v[k - 1]) < 0; k--) {
            char *swap = to->v[k];
            to->v[k] = to->v[k - 1];
            to->v[k - 1] = swap;
        }
}

static void add_gpus(struct node_facts *f, const struct gpus *gpus)
{
    for (size_t i = 0; gpus && i < gpus->facts.n; i++) {
        const struct gpu_facts *g = &gpus->facts.v[i];
        *vec_add(&f->gpus) = (struct gpu_facts){
            .id = mem_strdup(g->id),
            .uuid = mem_strdup(g->uuid),
            .name = mem_strdup(g->name),
            .vendor = mem_strdup(g->vendor),
            .driver = mem_strdup(g->driver),
            .memory_total = g->memory_total,
        };
    }
}

struct node_facts *facts_gather(const char *root, const struct gpus *gpus)
{
    struct node_facts *f = mem_alloc(sizeof *f);
    struct utsname uts;
    bool guest;
    if (uname(&uts) < 0)
        memset(&uts, 0, sizeof uts);
    f->hostname = text_or(root, "/proc/sys/kernel/hostname", uts.nodename);
    f->kernel = text_or(root, "/proc/sys/kernel/osrelease", uts.release);
    f->arch = text_or(root, "/proc/sys/kernel/arch", uts.machine);
    f->boot_id = text_or(root, "/proc/sys/kernel/random/boot_id", "");
    f->machine_id = text_or(root, "/etc/machine-id", "");
    set_os(f, root);
    set_cpu(f, root, &guest);
    set_memory(f, root);
    f->virtualization = virtualization(root, guest);
    f->time_zone = time_zone(root);
    f->boot_ms = boot_ms(root);
    f->pending_reboot = facts_pending_reboot(root, f->kernel);
    f->agent_version = mem_strdup(agent_version());
    if (!*root)
        add_addresses(&f->addresses);
    add_macs(root, &f->macs);
    add_gpus(f, gpus);
    return f;
}

void facts_print(const struct node_facts *f, struct str *out)
{
    const char *strings[] = {f->hostname,       f->os_name,   f->os_id,         f->kernel,
                             f->arch,           f->cpu_model, f->boot_id,       f->machine_id,
                             f->virtualization, f->time_zone, f->pending_reboot};
    for (size_t i = 0; i < COUNT_OF(strings); i++)
        str_addf(out, "%s\n", strings[i] ? strings[i] : "-");
    str_addf(out, "%u %u %u %" PRIu64 " %" PRIu64 " %" PRId64 "\n", f->cpu_sockets, f->cpu_cores,
             f->cpu_threads, f->memory_total, f->swap_total, f->boot_ms);
    for (size_t i = 0; i < f->addresses.n; i++)
        str_addf(out, "%s\n", f->addresses.v[i]);
    for (size_t i = 0; i < f->macs.n; i++)
        str_addf(out, "%s\n", f->macs.v[i]);
    for (size_t i = 0; i < f->gpus.n; i++) {
        const struct gpu_facts *g = &f->gpus.v[i];
        str_addf(out, "%s %s %s %s %s %" PRIu64 "\n", g->id, g->uuid, g->name, g->vendor, g->driver,
                 g->memory_total);
    }
}
