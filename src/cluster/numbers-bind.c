#include "cluster/numbers-bind.h"

#define MACHINE(n, f)                                                                              \
    {                                                                                              \
        .name = n, .kind = ENTITY_MACHINE, .field = f                                              \
    }
#define CPU(mode, f)                                                                               \
    {                                                                                              \
        .name = "node_cpu_seconds_total", .kind = ENTITY_CPU, .field = f, .key = {"cpu"},          \
        .select = "mode", .select_value = mode                                                     \
    }
#define FS(n, f)                                                                                   \
    {                                                                                              \
        .name = "node_filesystem_" n, .kind = ENTITY_FILESYSTEM, .field = f, .key = {              \
            "mountpoint"                                                                           \
        }                                                                                          \
    }
#define DISK(n, f)                                                                                 \
    {                                                                                              \
        .name = "node_disk_" n, .kind = ENTITY_DISK, .field = f, .key = { "device" }               \
    }
#define NET(n, f)                                                                                  \
    {                                                                                              \
        .name = "node_network_" n, .kind = ENTITY_INTERFACE, .field = f, .key = { "device" }       \
    }
#define SENSOR(n, f)                                                                               \
    {                                                                                              \
        .name = n, .kind = ENTITY_SENSOR, .field = f, .key = { "chip", "sensor" }                  \
    }
#define GPU(n, f)                                                                                  \
    {                                                                                              \
        .name = "DCGM_FI_DEV_" n, .kind = ENTITY_GPU, .field = f, .key = { "gpu" }                 \
    }
#define SERVICE(n, f)                                                                              \
    {                                                                                              \
        .name = "hydra_service_" n, .kind = ENTITY_SERVICE, .field = f, .key = { "service" }       \
    }

#define PRESSURE(kind_, resource, window, n)                                                       \
    {                                                                                              \
        .name = "hydra_pressure_percent", .kind = ENTITY_MACHINE, .field = MACHINE_PSI_AVG + (n),  \
        .exact = "kind=\"" kind_ "\",resource=\"" resource "\",window=\"" window "\""              \
    }

const struct binding bindings[] = {
    MACHINE("node_load1", MACHINE_LOAD1),
    MACHINE("node_memory_MemTotal_bytes", MACHINE_MEM_TOTAL),
    MACHINE("node_memory_MemFree_bytes", MACHINE_MEM_FREE),
    MACHINE("node_memory_MemAvailable_bytes", MACHINE_MEM_AVAILABLE),
    MACHINE("node_memory_Buffers_bytes", MACHINE_BUFFERS),
    MACHINE("node_memory_Cached_bytes", MACHINE_CACHED),
    MACHINE("node_memory_Shmem_bytes", MACHINE_SHARED),
    MACHINE("node_memory_Slab_bytes", MACHINE_SLAB),
    MACHINE("node_memory_SReclaimable_bytes", MACHINE_SRECLAIMABLE),
    MACHINE("node_memory_SwapTotal_bytes", MACHINE_SWAP_TOTAL),
    MACHINE("node_memory_SwapFree_bytes", MACHINE_SWAP_FREE),
    MACHINE("node_memory_Dirty_bytes", MACHINE_DIRTY),
    MACHINE("node_pressure_cpu_waiting_seconds_total", MACHINE_PSI_CPU),
    MACHINE("node_pressure_memory_waiting_seconds_total", MACHINE_PSI_MEM),
    MACHINE("node_pressure_memory_stalled_seconds_total", MACHINE_PSI_MEM_FULL),
    MACHINE("node_pressure_io_waiting_seconds_total", MACHINE_PSI_IO),
    MACHINE("node_pressure_io_stalled_seconds_total", MACHINE_PSI_IO_FULL),
    PRESSURE("some", "cpu", "10s", 0),
    PRESSURE("some", "cpu", "60s", 1),
    PRESSURE("full", "cpu", "10s", 2),
    PRESSURE("full", "cpu", "60s", 3),
    PRESSURE("some", "memory", "10s", 4),
    PRESSURE("some", "memory", "60s", 5),
    PRESSURE("full", "memory", "10s", 6),
    PRESSURE("full", "memory", "60s", 7),
    PRESSURE("some", "io", "10s", 8),
    PRESSURE("some", "io", "60s", 9),
    PRESSURE("full", "io", "10s", 10),
    PRESSURE("full", "io", "60s", 11),
    CPU("user", CPU_USER),
    CPU("nice", CPU_NICE),
    CPU("system", CPU_SYSTEM),
    CPU("irq", CPU_IRQ),
    CPU("softirq", CPU_SOFTIRQ),
    CPU("iowait", CPU_IOWAIT),
    CPU("steal", CPU_STEAL),
    CPU("idle", CPU_IDLE),
    FS("size_bytes", FS_SIZE),
    FS("free_bytes", FS_FREE),
    FS("avail_bytes", FS_AVAIL),
    FS("files", FS_FILES),
    FS("files_free", FS_FILES_FREE),
    FS("readonly", FS_READONLY),
    FS("device_error", FS_ERROR),
    {.name = "hydra_filesystem_remote",
     .kind = ENTITY_FILESYSTEM,
     .field = FS_REMOTE,
     .key = {"mountpoint"}},
    {.name = "hydra_filesystem_stalled",
     .kind = ENTITY_FILESYSTEM,
     .field = FS_STALLED,
     .key = {"mountpoint"}},
    DISK("read_bytes_total", DISK_READ),
    DISK("written_bytes_total", DISK_WRITTEN),
    DISK("reads_completed_total", DISK_READS),
    DISK("writes_completed_total", DISK_WRITES),
    DISK("read_time_seconds_total", DISK_READ_TIME),
    DISK("write_time_seconds_total", DISK_WRITE_TIME),
    DISK("io_time_seconds_total", DISK_IO_TIME),
    {.name = "node_disk_info",
     .kind = ENTITY_DISK,
     .field = DISK_INFO,
     .key = {"device"},
     .says_most = true},
    {.name = "hydra_disk_size_bytes", .kind = ENTITY_DISK, .field = DISK_SIZE, .key = {"device"}},
    NET("receive_bytes_total", NET_RX),
    NET("transmit_bytes_total", NET_TX),
    NET("receive_errs_total", NET_RX_ERRORS),
    NET("transmit_errs_total", NET_TX_ERRORS),
    NET("receive_drop_total", NET_RX_DROPS),
    NET("transmit_drop_total", NET_TX_DROPS),
    NET("up", NET_UP),
    NET("speed_bytes", NET_SPEED),
    NET("mtu_bytes", NET_MTU),
    {.name = "hydra_network_half_duplex",
     .kind = ENTITY_INTERFACE,
     .field = NET_HALF,
     .key = {"device"}},
    {.name = "hydra_network_virtual",
     .kind = ENTITY_INTERFACE,
     .field = NET_VIRTUAL,
     .key = {"device"}},
    SENSOR("node_hwmon_temp_celsius", SENSOR_TEMP),
    SENSOR("node_hwmon_temp_crit_celsius", SENSOR_CRITICAL),
    SENSOR("node_hwmon_fan_rpm", SENSOR_FAN),
    SENSOR("node_hwmon_power_average_watt", SENSOR_POWER),
    SENSOR("node_hwmon_power_watt", SENSOR_POWER),
    SENSOR("node_hwmon_chip_names", FIELD_NONE), /* key "chip/": of all its sensors */
    {.name = "node_hwmon_sensor_label",
     .kind = ENTITY_SENSOR,
     .field = FIELD_NONE,
     .key = {"chip", "sensor"},
     .label = "label"},
    {.name = "node_thermal_zone_temp",
     .kind = ENTITY_SENSOR,
     .field = SENSOR_TEMP,
     .key = {"type", "zone"},
     .label = "type"},
    {.name = "node_rapl_package_joules_total",
     .kind = ENTITY_SENSOR,
     .field = SENSOR_JOULES,
     .key = {"index"}},
    GPU("GPU_UTIL", GPU_UTIL),
    GPU("FB_USED", GPU_MEM_USED),
    GPU("FB_FREE", GPU_MEM_FREE),
    GPU("GPU_TEMP", GPU_TEMP),
    GPU("POWER_USAGE", GPU_POWER),
    GPU("POWER_MGMT_LIMIT", GPU_POWER_LIMIT),
    GPU("FAN_SPEED", GPU_FAN),
    GPU("SM_CLOCK", GPU_CLOCK_SM),
    GPU("MEM_CLOCK", GPU_CLOCK_MEM),
    GPU("CLOCK_THROTTLE_REASONS", GPU_THROTTLE),
    GPU("ECC_DBE_VOL_TOTAL", GPU_ECC),
    GPU("PCIE_LINK_GEN", GPU_PCIE_GEN),
    GPU("PCIE_LINK_WIDTH", GPU_PCIE_WIDTH),
    SERVICE("cpu_seconds_total", SERVICE_CPU),
    SERVICE("memory_bytes", SERVICE_MEMORY),
};
const size_t bindings_n = COUNT_OF(bindings);
