#include "node/drm.h"

#include <stdlib.h>
#include <unistd.h>

struct looking {
    const char *root;
    const char *const *drivers;
    size_t n_drivers;
    struct drm_card *cards;
    size_t n;
};

static void take_hwmon(void *arg, const char *dir)
{
    struct drm_card *card = arg;
    snprintf(card->hwmon, sizeof card->hwmon, "/sys/class/drm/%s/device/hwmon/%.16s", card->name,
             dir);
}

/* "card0", not its connectors "card0-DP-1". */
static void look_at(void *arg, const char *name)
{
    struct looking *l = arg;
    char link[256];
    if (!str_starts(name, "card") || name[4] < '0' || name[4] > '9' || strchr(name, '-') ||
        l->n == DRM_CARDS_MAX ||
        kfile_link(link, sizeof link, l->root, "/sys/class/drm/%s/device/driver", name) < 0)
        return;
    const char *slash = strrchr(link, '/');
    const char *driver = slash ? slash + 1 : link;
    for (size_t i = 0; i < l->n_drivers; i++) {
        if (!str_eq(driver, l->drivers[i]))
            continue;
        struct drm_card *card = &l->cards[l->n++];
        *card = (struct drm_card){0};
        str_copy(card->name, sizeof card->name, name);
        str_copy(card->driver, sizeof card->driver, driver);
        char path[64];
        snprintf(path, sizeof path, "/sys/class/drm/%s/device/hwmon", card->name);
        kfile_list(l->root, path, take_hwmon, card);
    }
}

size_t drm_list(const char *root, const char *const *drivers, size_t n_drivers,
                struct drm_card ret_cards[DRM_CARDS_MAX])
{
    struct looking l = {root, drivers, n_drivers, ret_cards, 0};
    kfile_list(root, "/sys/class/drm", look_at, &l);
    return l.n;
}

/* pci.ids(5): "1002  Vendor", then "\t744c  Navi 31 [Radeon RX 7900 XTX]". What stands in brackets
 * is the name of the product. */
static bool find_in(FILE *f, const char *vendor, const char *id, char *ret_text, size_t size)
{
    char line[512];
    bool mine = false;
    while (fgets(line, sizeof line, f)) {
        if (line[0] != '\t') {
            mine = str_starts(line, vendor);
            continue;
        }
        if (!mine || line[1] == '\t' || !str_starts(line + 1, id))
            continue;
        char *name = str_trim(line + 1 + strlen(id)), *open = strchr(name, '[');
        char *close = open ? strchr(open, ']') : NULL;
        if (close) {
            *close = 0;
            name = open + 1;
        }
        str_copy(ret_text, size, name);
        return true;
    }
    return false;
}

static bool find_name(const char *root, const char *vendor, const char *id, char *ret_text,
                      size_t size)
{
    static const char *const places[] = {"/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        char path[KFILE_PATH_MAX];
        snprintf(path, sizeof path, "%s%s", root, places[i]);
        FILE *f = fopen(path, "re");
        if (!f)
            continue;
        bool found = find_in(f, vendor, id, ret_text, size);
        fclose(f);
        if (found)
            return true;
    }
    return false;
}

void drm_model(const char *root, const struct drm_card *card, const char *vendor, char *ret_text,
               size_t size)
{
    char vendor_id[16] = "", id[16] = "", name[128] = "";
    kfile_text(name, sizeof name, root, "/sys/class/drm/%s/device/product_name", card->name);
    kfile_text(vendor_id, sizeof vendor_id, root, "/sys/class/drm/%s/device/vendor", card->name);
    kfile_text(id, sizeof id, root, "/sys/class/drm/%s/device/device", card->name);
    bool hex = str_starts(vendor_id, "0x") && str_starts(id, "0x");
    bool found = *name || (hex && find_name(root, vendor_id + 2, id + 2, name, sizeof name));
    if (!found)
        snprintf(ret_text, size, "%s GPU %s", vendor, hex ? id + 2 : "");
    else if (str_starts(name, vendor))
        snprintf(ret_text, size, "%s", name);
    else
        snprintf(ret_text, size, "%s %s", vendor, name);
    str_trim(ret_text);
}

void drm_address(const char *root, const struct drm_card *card, char *ret_text, size_t size)
{
    char path[KFILE_PATH_MAX];
    snprintf(path, sizeof path, "%s/sys/class/drm/%s/device", root, card->name);
    AUTO(mem_freep) char *real = realpath(path, NULL);
    const char *slash = real ? strrchr(real, '/') : NULL;
    str_copy(ret_text, size, slash ? slash + 1 : card->name);
}

bool drm_is_asleep(int fd)
{
    char text[16];
    ssize_t n = fd < 0 ? 0 : pread(fd, text, sizeof text - 1, 0);
    if (n <= 0)
        return false;
    text[n] = 0;
    return str_starts(text, "suspended");
}
