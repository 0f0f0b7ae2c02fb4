/* Calls that fill a structure; layouts and versions as in NVML 13 (nvidia-ml-py's ctypes). */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION(structure, number) ((unsigned)sizeof(structure) | (unsigned)(number) << 24)

typedef struct { Number total, free, used; } Memory;
typedef struct { unsigned version; Number total, reserved, free, used; } MemoryV2;
typedef struct { unsigned gpu, memory; } Utilization;
typedef struct {
    char bus_id_legacy[16];
    unsigned domain, bus, device, device_id, subsystem_id;
    char bus_id[32];
} PciInfo;
typedef struct { unsigned version; int sensor, celsius; } Temperature;
typedef struct { unsigned version; int celsius; } MarginTemperature;
typedef struct {
    unsigned version;
    unsigned char cluster[16];
    int status;
    unsigned clique;
    int state;
    unsigned mask;
    unsigned char summary;
} Fabric;
typedef struct { unsigned version, channel, tpc; } Repair;

/* What the contexts take that this process has made with the fake CUDA (cuda/cuda.c). */
static Number of_contexts(Device device) {
    char name[48];
    snprintf(name, sizeof name, "HOMEPORT_LAB_CONTEXT_MIB_%d", minor_of(device));
    const char *mib = getenv(name);
    return mib ? strtoull(mib, NULL, 10) << 20 : 0;
}

/* Total and used come from the state, `memory.reserved_mib` (0 by default) from the driver. */
static int memory(Device device, Number *total, Number *used, Number *reserved) {
    int code = gpu_mib(device, "memory.total_mib", total);
    if (code == SUCCESS) code = gpu_mib(device, "memory.used_mib", used);
    if (code == SUCCESS) *used += of_contexts(device);
    if (code == SUCCESS && gpu_mib(device, "memory.reserved_mib", reserved) != SUCCESS) *reserved = 0;
    return code;
}

/* The first version counts what the driver reserves as used. */
API int nvmlDeviceGetMemoryInfo(Device device, Memory *info) {
    Number total, used, reserved;
    int code = memory(device, &total, &used, &reserved);
    if (code == SUCCESS) *info = (Memory){total, total - used - reserved, used + reserved};
    return code;
}

API int nvmlDeviceGetMemoryInfo_v2(Device device, MemoryV2 *info) {
    Number total, used, reserved;
    if (info->version != VERSION(MemoryV2, 2)) return ARGUMENT_VERSION_MISMATCH;
    int code = memory(device, &total, &used, &reserved);
    if (code == SUCCESS)
        *info = (MemoryV2){info->version, total, reserved, total - used - reserved, used};
    return code;
}

API int nvmlDeviceGetBAR1MemoryInfo(Device device, Memory *info) {
    Number total;
    int code = gpu_mib(device, "bar1.total_mib", &total);
    if (code == SUCCESS) *info = (Memory){total, total, 0};
    return code;
}

API int nvmlDeviceGetUtilizationRates(Device device, Utilization *rates) {
    Number gpu, memory_busy;
    int code = gpu_number(device, "utilization.gpu", &gpu);
    if (code == SUCCESS) code = gpu_number(device, "utilization.memory", &memory_busy);
    if (code == SUCCESS) *rates = (Utilization){(unsigned)gpu, (unsigned)memory_busy};
    return code;
}

API int nvmlDeviceGetPciInfo_v3(Device device, PciInfo *info) {
    Number number;
    memset(info, 0, sizeof *info);
    int code = gpu_text(device, "pci.bus_id", info->bus_id, sizeof info->bus_id);
    if (code != SUCCESS) return code;
    sscanf(info->bus_id, "%x:%x:%x", &info->domain, &info->bus, &info->device);
    snprintf(info->bus_id_legacy, sizeof info->bus_id_legacy, "%04x:%02x:%02x.0", info->domain & 0xffff,
             info->bus & 0xff, info->device & 0xff);
    if (gpu_number(device, "pci.device_id", &number) == SUCCESS) info->device_id = (unsigned)number;
    if (gpu_number(device, "pci.subsystem_id", &number) == SUCCESS)
        info->subsystem_id = (unsigned)number;
    return SUCCESS;
}

API int nvmlDeviceGetTemperatureV(Device device, Temperature *temperature) {
    Number number;
    if (temperature->version != VERSION(Temperature, 1)) return ARGUMENT_VERSION_MISMATCH;
    int code = gpu_number(device, "temperature", &number);
    if (code == SUCCESS) temperature->celsius = (int)number;
    return code;
}

API int nvmlDeviceGetMarginTemperature(Device device, MarginTemperature *margin) {
    Number number;
    if (margin->version != VERSION(MarginTemperature, 1)) return ARGUMENT_VERSION_MISMATCH;
    int code = gpu_number(device, "temperature.margin", &number);
    if (code == SUCCESS) margin->celsius = (int)number;
    return code;
}

API int nvmlDeviceGetRepairStatus(Device device, Repair *repair) {
    Number channel, tpc;
    if (repair->version != VERSION(Repair, 1)) return ARGUMENT_VERSION_MISMATCH;
    int code = gpu_number(device, "repair.channel_pending", &channel);
    if (code == SUCCESS) code = gpu_number(device, "repair.tpc_pending", &tpc);
    if (code == SUCCESS) repair->channel = (unsigned)channel, repair->tpc = (unsigned)tpc;
    return code;
}

/* Version 2 of the structure ends before the summary. */
API int nvmlDeviceGetGpuFabricInfoV(Device device, Fabric *fabric) {
    Number state, status = 0, mask = 0, summary = 0;
    if (fabric->version != VERSION(Fabric, 3) && fabric->version != 0x02000024)
        return ARGUMENT_VERSION_MISMATCH;
    int code = gpu_number(device, "fabric.state", &state);
    if (code != SUCCESS) return code;
    gpu_number(device, "fabric.status", &status);
    gpu_number(device, "fabric.mask", &mask);
    gpu_number(device, "fabric.summary", &summary);
    fabric->state = (int)state;
    fabric->status = (int)status;
    fabric->mask = (unsigned)mask;
    if (fabric->version == VERSION(Fabric, 3)) fabric->summary = (unsigned char)summary;
    return SUCCESS;
}
