/* A tree of /sys with a disk, LUKS on its partition, an NVMe, a hypervisor's disk and an empty
 * reader. */
#include "../test.h"

#include "node/disk-list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct tree {
    char root[64];
};

static char *place(const struct tree *t, const char *path)
{
    char *full = mem_printf("%s/%s", t->root, path);
    for (char *p = full + strlen(t->root) + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        mkdir(full, 0755);
        *p = '/';
    }
    return full;
}

static void tree_write(const struct tree *t, const char *path, const char *text)
{
    AUTO(mem_freep) char *full = place(t, path);
    FILE *f = fopen(full, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void tree_link(const struct tree *t, const char *to, const char *path)
{
    AUTO(mem_freep) char *full = place(t, path);
    assert_int_equal(symlink(to, full), 0);
}

static void tree_init(struct tree *t)
{
    str_copy(t->root, sizeof t->root, "/tmp/hydra-disks-XXXXXX");
    assert_non_null(mkdtemp(t->root));
}

static void tree_done(const struct tree *t)
{
    AUTO(mem_freep) char *command = mem_printf("rm -rf %s", t->root);
    assert_int_equal(system(command), 0);
}

static void make(const struct tree *t)
{
    tree_write(t, "sys/devices/pci0/0000:00:17.0/ata1/host0/block/sda/size", "2000000\n");
    tree_write(t, "sys/devices/pci0/0000:00:17.0/ata1/host0/block/sda/queue/rotational", "1\n");
    tree_write(t, "sys/devices/pci0/0000:00:17.0/ata1/host0/block/sda/device/model",
               "WDC WD80EFZZ    \n");
    tree_write(t, "sys/devices/pci0/0000:00:17.0/ata1/host0/block/sda/sda1/partition", "1\n");
    tree_link(t, "../devices/pci0/0000:00:17.0/ata1/host0/block/sda", "sys/block/sda");
    tree_link(t, "../../devices/pci0/0000:00:17.0/ata1/host0/block/sda", "sys/class/block/sda");
    tree_link(t, "../../devices/pci0/0000:00:17.0/ata1/host0/block/sda/sda1",
              "sys/class/block/sda1");
    tree_write(t, "sys/devices/virtual/block/dm-0/size", "1\n");
    tree_write(t, "sys/devices/virtual/block/dm-0/slaves/sda1", "");
    tree_link(t, "../devices/virtual/block/dm-0", "sys/block/dm-0");
    tree_link(t, "../../devices/virtual/block/dm-0", "sys/class/block/dm-0");
    tree_link(t, "../../devices/virtual/block/dm-0", "sys/dev/block/254:0");
    tree_write(t, "sys/devices/pci0/nvme/nvme0/nvme0n1/size", "4\n");
    tree_write(t, "sys/devices/pci0/nvme/nvme0/nvme0n1/queue/rotational", "0\n");
    tree_link(t, "../devices/pci0/nvme/nvme0/nvme0n1", "sys/block/nvme0n1");
    tree_link(t, "../../devices/pci0/nvme/nvme0/nvme0n1", "sys/class/block/nvme0n1");
    tree_write(t, "sys/devices/pci0/virtio1/block/vda/size", "8\n");
    tree_link(t, "../devices/pci0/virtio1/block/vda", "sys/block/vda");
    tree_write(t, "sys/block/sdb/size", "0\n");
    tree_write(t, "proc/self/mountinfo",
               "22 1 254:0 / / rw - ext4 /dev/mapper/root rw\n"
               "23 22 0:40 / /data rw - btrfs /dev/nvme0n1 rw\n"
               "24 22 0:41 / /far rw - nfs nas:/far rw\n");
}

static void test_all(void **state)
{
    (void)state;
    struct tree t;
    struct disk_list l;
    tree_init(&t);
    make(&t);
    assert_int_equal(disk_list_read(t.root, &l), 0);
    assert_int_equal(l.v.n, 3);
    const struct disk *nvme = &l.v.v[0], *sda = &l.v.v[1], *vda = &l.v.v[2];
    assert_string_equal(sda->name, "sda");
    assert_string_equal(sda->model, "WDC WD80EFZZ");
    assert_string_equal(sda->transport, "sata");
    assert_true(sda->bytes == 2000000ull * 512 && sda->spins && !sda->is_virtual);
    assert_int_equal(sda->mounts.n, 1);
    assert_string_equal(sda->mounts.v[0].device, "dm-0");
    assert_string_equal(sda->mounts.v[0].point, "/");
    assert_string_equal(nvme->transport, "nvme");
    assert_false(nvme->spins);
    assert_int_equal(nvme->mounts.n, 1);
    assert_string_equal(nvme->mounts.v[0].point, "/data");
    assert_string_equal(nvme->mounts.v[0].type, "btrfs");
    assert_true(vda->is_virtual);
    disk_list_done(&l);
    tree_done(&t);
    assert_int_equal(disk_list_read("/nowhere", &l), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
