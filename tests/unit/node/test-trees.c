#include "tree.h"

static void announce(struct tree *t, const char *id, const char *cgroup, int pid)
{
    owners_set(t->c.owners, &(struct observed){.id = (char *)id,
                                               .cgroup = (char *)cgroup,
                                               .main_pid = pid,
                                               .run = RUN_RUNNING});
}

static void test_threadripper(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t, "hydra-ai", NULL);
    tree_tick(&t, 15);
    assert_value(&t, "node_cpu_seconds_total{cpu=\"47\",mode=\"user\"}", 10.47);
    assert_value(&t, "node_cpu_seconds_total{cpu=\"47\",mode=\"steal\"}", 0.02);
    assert_value(&t, "node_context_switches_total{}", 987654321);
    assert_value(&t, "node_boot_time_seconds{}", 1765000000);
    assert_value(&t, "node_procs_running{}", 3);
    assert_value(&t, "node_cpu_scaling_frequency_hertz{cpu=\"1\"}", 4201000000);
    assert_false(tree_has(&t, "node_cpu_scaling_frequency_hertz{cpu=\"2\"}"));
    assert_value(&t, "node_load15{}", 1.05);
    assert_value(&t, "node_memory_MemTotal_bytes{}", 131072000.0 * 1024);
    assert_value(&t, "node_memory_HugePages_Total{}", 4);
    assert_value(&t, "node_vmstat_oom_kill{}", 2);
    assert_value(&t, "node_vmstat_pgmajfault{}", 321);
    assert_value(&t, "hydra_pressure_percent{kind=\"full\",resource=\"io\",window=\"60s\"}", 0.5);
    assert_value(&t, "node_pressure_io_stalled_seconds_total{}", 5);
    assert_value(&t, "node_sockstat_TCP_tw{}", 12);
    assert_value(&t, "node_sockstat_UDP_inuse{}", 8);
    assert_value(&t, "node_filefd_allocated{}", 1824);
    assert_value(&t, "node_nf_conntrack_entries_limit{}", 262144);
    assert_value(&t, "node_edac_correctable_errors_total{controller=\"0\"}", 3);
    assert_value(&t, "node_rapl_package_joules_total{index=\"0\"}", 0);
    assert_false(tree_has(&t, "node_rapl_package_joules_total{index=\"1\"}"));
    tree_done(&t);
}

static void test_threadripper_disks(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t, "hydra-ai", NULL);
    tree_tick(&t, 1);
    assert_value(&t, "node_disk_read_bytes_total{device=\"nvme0n1\"}", 240000.0 * 512);
    assert_value(&t, "node_disk_write_time_seconds_total{device=\"nvme0n1\"}", 5.4);
    assert_value(&t, "node_disk_io_now{device=\"nvme0n1\"}", 2);
    assert_value(&t, "node_disk_io_time_weighted_seconds_total{device=\"nvme1n1\"}", 2.7);
    assert_value(&t, "hydra_disk_size_bytes{device=\"nvme1n1\"}", 7814037168.0 * 512);
    assert_value(&t,
                 "node_disk_info{device=\"nvme0n1\",model=\"Samsung SSD 990 PRO "
                 "1TB\",rotational=\"0\"}",
                 1);
    assert_false(tree_has(&t, "node_disk_io_now{device=\"nvme0n1p1\"}"));
    assert_false(tree_has(&t, "node_disk_io_now{device=\"loop0\"}"));
    tree_done(&t);
}

static void test_threadripper_network(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t, "hydra-ai", NULL);
    tree_tick(&t, 1);
    assert_value(&t, "node_network_receive_bytes_total{device=\"eno1\"}", 9e9);
    assert_value(&t, "node_network_receive_errs_total{device=\"eno1\"}", 2);
    assert_value(&t, "node_network_receive_drop_total{device=\"eno1\"}", 17);
    assert_value(&t, "node_network_transmit_packets_total{device=\"eno1\"}", 7e6);
    assert_value(&t, "node_network_speed_bytes{device=\"eno1\"}", 1.25e9);
    assert_value(&t, "node_network_mtu_bytes{device=\"eno1\"}", 9000);
    assert_value(&t, "hydra_network_half_duplex{device=\"eno1\"}", 0);
    assert_value(&t, "hydra_network_half_duplex{device=\"enp5s0\"}", 1);
    assert_no_value(&t, "hydra_network_half_duplex{device=\"tailscale0\"}");
    assert_value(&t, "node_network_up{device=\"eno1\"}", 1);
    assert_value(&t, "node_network_up{device=\"enp5s0\"}", 0);
    assert_no_value(&t, "node_network_speed_bytes{device=\"enp5s0\"}");
    assert_value(&t, "node_network_up{device=\"tailscale0\"}", 1);
    assert_value(&t, "hydra_network_virtual{device=\"tailscale0\"}", 1);
    assert_value(&t, "hydra_network_virtual{device=\"eno1\"}", 0);
    assert_false(tree_has(&t, "node_network_up{device=\"vethabc123\"}"));
    tree_done(&t);
}

static void test_threadripper_sensors(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t, "hydra-ai", NULL);
    tree_tick(&t, 1);
    assert_value(&t, "node_hwmon_temp_celsius{chip=\"pci0000:00_0000:00:18_3\",sensor=\"temp1\"}",
                 61.25);
    assert_value(&t, "node_hwmon_temp_crit_celsius{chip=\"nvme_nvme0\",sensor=\"temp1\"}", 84.85);
    assert_value(&t, "node_hwmon_fan_rpm{chip=\"platform_nct6775_656\",sensor=\"fan2\"}", 1243);
    assert_value(&t, "node_hwmon_chip_names{chip=\"nvme_nvme0\",chip_name=\"nvme\"}", 1);
    assert_value(&t,
                 "node_hwmon_sensor_label{chip=\"platform_nct6775_656\",label=\"CPU "
                 "Fan\",sensor=\"fan2\"}",
                 1);
    tree_done(&t);
}

/* Bind mounts, containers, tmpfs and automounts are left out; what is mounted below NFS may hang
 * like it and is not touched without a probe. */
static void test_threadripper_filesystems(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t, "hydra-ai", NULL);
    tree_tick(&t, 6);
    const char *root = "device=\"/dev/disk/by-label/nixos\",fstype=\"ext4\",mountpoint=\"/\"";
    char series[256];
    snprintf(series, sizeof series, "node_filesystem_size_bytes{%s}", root);
    assert_true(tree_value(&t, series) > 1e6);
    snprintf(series, sizeof series, "node_filesystem_device_error{%s}", root);
    assert_value(&t, series, 0);
    assert_value(&t,
                 "hydra_filesystem_remote{device=\"hydra-storage:/mnt/hpc_nvme/"
                 "models\",fstype=\"nfs4\",mountpoint=\"/mnt/models\"}",
                 1);
    assert_value(&t,
                 "hydra_filesystem_remote{device=\"/dev/"
                 "nvme1n1\",fstype=\"ext4\",mountpoint=\"/mnt/models/scratch disk\"}",
                 1);
    assert_no_value(&t, "node_filesystem_size_bytes{device=\"/dev/"
                        "nvme1n1\",fstype=\"ext4\",mountpoint=\"/mnt/models/scratch disk\"}");
    assert_true(tree_has(&t, "node_filesystem_files{device=\"tmpfs\",fstype=\"tmpfs\",mountpoint="
                             "\"/tmp\"}"));
    assert_false(tree_has(&t, "node_filesystem_files{device=\"/dev/disk/by-label/"
                              "nixos\",fstype=\"ext4\",mountpoint=\"/nix/store\"}"));
    assert_false(tree_has(&t, "node_filesystem_files{device=\"tmpfs\",fstype=\"tmpfs\",mountpoint="
                              "\"/run\"}"));
    tree_done(&t);
}

static void test_services_of_version_2(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t, "hydra-ai", NULL);
    announce(&t, "systemd/tabbyapi.service", "/system.slice/tabbyapi.service", 777);
    announce(&t, "docker/tiny", "/system.slice/docker-0011.scope", 0);
    announce(&t, "process/redis-server:6379", NULL, 900);
    tree_tick(&t, 8);
    assert_value(&t, "hydra_service_cpu_seconds_total{service=\"systemd/tabbyapi.service\"}",
                 8123.456789);
    assert_value(&t, "hydra_service_memory_bytes{service=\"systemd/tabbyapi.service\"}", 50e9);
    assert_value(&t, "hydra_service_memory_bytes{service=\"docker/tiny\"}", 0);
    /* No cgroup of its own: the sum of the process and its child. */
    assert_value(&t, "hydra_service_memory_bytes{service=\"process/redis-server:6379\"}",
                 3000.0 * 4096);
    owners_remove(t.c.owners, "docker/tiny");
    tree_tick(&t, 4);
    assert_no_value(&t, "hydra_service_memory_bytes{service=\"docker/tiny\"}");
    tree_done(&t);
}

static const struct process_row *row_of(const struct tree *t, int pid)
{
    for (size_t i = 0; i < t->processes->rows.n; i++)
        if (t->processes->rows.v[i].pid == pid)
            return &t->processes->rows.v[i];
    fail_msg("no row of process %d", pid);
    return NULL;
}

static void test_processes(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t, "hydra-ai", NULL);
    announce(&t, "systemd/tabbyapi.service", "/system.slice/tabbyapi.service", 0);
    announce(&t, "process/redis-server:6379", NULL, 900);
    tree_tick(&t, 3);
    assert_non_null(t.processes);
    assert_int_equal(t.processes->total, 6);
    assert_int_equal(t.processes->running, 1);
    const struct process_row *r = row_of(&t, 777);
    assert_string_equal(r->name, "python3");
    assert_string_equal(r->user, "hydra");
    assert_string_equal(r->command, "/opt/tabbyapi/venv/bin/python3 main.py --port 5000 "
                                    "--admin-key-file /run/k --api-key ***");
    assert_string_equal(r->service, "systemd/tabbyapi.service");
    assert_int_equal(r->memory, 12000000ull * 4096);
    assert_int_equal(r->started_ms, 1765000000000 + 20000);
    assert_string_equal(row_of(&t, 778)->name, "weird (name) x");
    assert_string_equal(row_of(&t, 900)->user, "999");
    assert_string_equal(row_of(&t, 901)->service, "process/redis-server:6379");
    assert_null(row_of(&t, 1)->service);
    tree_done(&t);
}

static void test_unraid(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t, "tower", NULL);
    tree_tick(&t, 6);
    assert_value(&t, "node_disk_io_now{device=\"sdl\"}", 2);
    assert_true(tree_has(&t, "node_disk_io_now{device=\"nvme11n1\"}"));
    assert_false(tree_has(&t, "node_disk_io_now{device=\"md1p1\"}"));
    assert_true(tree_has(&t, "node_filesystem_files{device=\"/dev/"
                             "md9p1\",fstype=\"xfs\",mountpoint=\"/mnt/disk9\"}"));
    assert_true(tree_has(&t, "node_filesystem_files{device=\"tmpfs\",fstype=\"tmpfs\",mountpoint="
                             "\"/var/log\"}"));
    assert_value(&t,
                 "hydra_filesystem_remote{device=\"shfs\",fstype=\"fuse.shfs\",mountpoint="
                 "\"/mnt/user\"}",
                 1);
    assert_false(tree_has(&t, "node_filesystem_files{device=\"shfs\",fstype=\"fuse.shfs\","
                              "mountpoint=\"/mnt/alias\"}"));
    assert_true(tree_has(&t, "node_hwmon_temp_celsius{chip=\"pci0000:00_0000:00:18_3\",sensor="
                             "\"temp1\"}"));
    assert_false(tree_has(&t, "node_hwmon_temp_celsius{chip=\"target0:0:0_0:0:0:0\",sensor="
                              "\"temp1\"}")); /* drivetemp: could wake the disk */
    tree_done(&t);
}

static void test_services_of_version_1(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t, "tower", NULL);
    announce(&t, "docker/plex", "/docker/aaaa", 50);
    announce(&t, "docker/lost", "/docker/cccc", 0);
    tree_tick(&t, 4);
    assert_value(&t, "hydra_service_cpu_seconds_total{service=\"docker/plex\"}", 0.9);
    assert_value(&t, "hydra_service_memory_bytes{service=\"docker/plex\"}", 6e8);
    assert_false(tree_has(&t, "hydra_service_memory_bytes{service=\"docker/lost\"}"));
    tree_done(&t);
}

static void test_intel_i915(void **state)
{
    (void)state;
    struct tree t;
    const char *l = "UUID=\"0000:81:00.0\",gpu=\"intel0\",modelName=\"Intel Arc A380\"";
    char series[256];
    tree_init(&t, "tower", NULL);
    tree_tick(&t, 3);
    assert_int_equal(t.gpus.facts.n, 1);
    assert_string_equal(t.gpus.facts.v[0].name, "Intel Arc A380");
#define CARD(name) (snprintf(series, sizeof series, "DCGM_FI_DEV_" name "{%s}", l), series)
    assert_value(&t, CARD("SM_CLOCK"), 2150);
    assert_value(&t, CARD("POWER_MGMT_LIMIT"), 75);
    assert_value(&t, CARD("CLOCK_THROTTLE_REASONS"), 4);
    assert_value(&t, CARD("GPU_UTIL"), 100); /* the idle counter stands still */
    assert_value(&t, CARD("POWER_USAGE"), 0);
    assert_no_value(&t, CARD("GPU_TEMP"));
#undef CARD
    tree_done(&t);
}

static void test_amd_and_xe(void **state)
{
    (void)state;
    struct tree t;
    char series[256];
    tree_init(&t, "amd", NULL);
    tree_tick(&t, 2);
    assert_int_equal(t.gpus.facts.n, 3);
    assert_int_equal(t.gpus.facts.v[0].memory_total, 25753026560);
#define CARD(name, l) (snprintf(series, sizeof series, "DCGM_FI_DEV_" name "{%s}", l), series)
    const char *big = "UUID=\"8f2a6c0d1e2b3c4d\",gpu=\"amd0\",modelName=\"AMD Radeon RX 7900 "
                      "XT/7900 XTX/7900M\"";
    assert_value(&t, CARD("GPU_UTIL", big), 37);
    assert_value(&t, CARD("FB_USED", big), 1024);
    assert_value(&t, CARD("FB_FREE", big), 24560 - 1024);
    assert_value(&t, CARD("GPU_TEMP", big), 54);
    assert_value(&t, CARD("POWER_USAGE", big), 123);
    assert_value(&t, CARD("FAN_SPEED", big), 12800.0 / 255);
    assert_value(&t, CARD("SM_CLOCK", big), 2304);
    assert_value(&t, CARD("PCIE_LINK_GEN", big), 4);
    const char *asleep = "UUID=\"0000:0b:00.0\",gpu=\"amd1\",modelName=\"AMD Radeon Graphics\"";
    assert_value(&t, CARD("GPU_UTIL", asleep), 0);
    assert_no_value(&t, CARD("GPU_TEMP", asleep));
    const char *xe = "UUID=\"0000:0c:00.0\",gpu=\"intel0\",modelName=\"Intel Arc B580\"";
    assert_value(&t, CARD("SM_CLOCK", xe), 1800);
    assert_value(&t, CARD("GPU_TEMP", xe), 47);
    assert_value(&t, CARD("CLOCK_THROTTLE_REASONS", xe), 0x20);
#undef CARD
    tree_done(&t);
}

static void test_tells_what_is_absent(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t, "amd", NULL);
    tree_tick(&t, 20);
    assert_non_null(strstr(t.sources, "collector/cpu=0() "));
    assert_non_null(strstr(t.sources, "collector/rapl=1() "));
    assert_non_null(strstr(t.sources, "collector/nvidia=1() "));
    assert_non_null(strstr(t.sources, "collector/pressure=1() "));
    assert_null(strstr(t.sources, "=3("));
    tree_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threadripper),
        cmocka_unit_test(test_threadripper_disks),
        cmocka_unit_test(test_threadripper_network),
        cmocka_unit_test(test_threadripper_sensors),
        cmocka_unit_test(test_threadripper_filesystems),
        cmocka_unit_test(test_services_of_version_2),
        cmocka_unit_test(test_processes),
        cmocka_unit_test(test_unraid),
        cmocka_unit_test(test_services_of_version_1),
        cmocka_unit_test(test_intel_i915),
        cmocka_unit_test(test_amd_and_xe),
        cmocka_unit_test(test_tells_what_is_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
