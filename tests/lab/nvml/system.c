/* The driver, and finding its GPUs. */
#include "state.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

API int nvmlInitWithFlags(unsigned flags) {
    char value[LONGEST_VALUE];
    (void)flags;
    int code = system_text("init", value, sizeof value);
    if (code == NOT_SUPPORTED) code = SUCCESS;
    if (code == SUCCESS) set_initialised(1);
    return code;
}

API int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }

API int nvmlShutdown(void) {
    set_initialised(-1);
    return SUCCESS;
}

API const char *nvmlErrorString(int code) {
    static char text[48];
    snprintf(text, sizeof text, "NVML return code %d", code);
    return text;
}

API int nvmlSystemGetDriverVersion(char *version, unsigned size) {
    return system_text("driver", version, size);
}

API int nvmlSystemGetNVMLVersion(char *version, unsigned size) {
    return system_text("nvml", version, size);
}

API int nvmlSystemGetCudaDriverVersion_v2(int *version) {
    Number number;
    int code = system_number("cuda", &number);
    if (code == SUCCESS) *version = (int)number;
    return code;
}

API int nvmlSystemGetCudaDriverVersion(int *version) {
    return nvmlSystemGetCudaDriverVersion_v2(version);
}

/* `process.PID=NAME`; NOT_FOUND without it, as for a process of another PID namespace. */
API int nvmlSystemGetProcessName(unsigned pid, char *name, unsigned size) {
    char key[32];
    snprintf(key, sizeof key, "process.%u", pid);
    int code = system_text(key, name, size);
    return code == NOT_SUPPORTED ? NOT_FOUND : code;
}

API int nvmlDeviceGetCount_v2(unsigned *count) {
    int minors[MOST_GPUS];
    *count = (unsigned)list_gpus(minors);
    return SUCCESS;
}

/* `handle=!999` on a GPU makes it one that cannot be opened. */
API int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device *device) {
    int minors[MOST_GPUS];
    char value[LONGEST_VALUE];
    if (index >= (unsigned)list_gpus(minors)) return INVALID_ARGUMENT;
    *device = device_of(minors[index]);
    int code = gpu_text(*device, "handle", value, sizeof value);
    return code == NOT_SUPPORTED ? SUCCESS : code;
}

static int handle_by(const char *key, const char *wanted, Device *device) {
    int minors[MOST_GPUS], count = list_gpus(minors);
    char value[LONGEST_VALUE];
    for (int index = 0; index < count; index++) {
        *device = device_of(minors[index]);
        if (gpu_text(*device, key, value, sizeof value) == SUCCESS && !strcasecmp(value, wanted))
            return nvmlDeviceGetHandleByIndex_v2((unsigned)index, device);
    }
    return NOT_FOUND;
}

API int nvmlDeviceGetHandleByUUID(const char *uuid, Device *device) {
    return handle_by("uuid", uuid, device);
}

API int nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, Device *device) {
    return handle_by("pci.bus_id", bus_id, device);
}

API int nvmlDeviceGetIndex(Device device, unsigned *index) {
    int minors[MOST_GPUS], count = list_gpus(minors);
    for (*index = 0; *index < (unsigned)count; ++*index)
        if (minors[*index] == minor_of(device)) return SUCCESS;
    return GPU_IS_LOST;
}

/* `topology.MINOR` of the other GPU: NVML's levels, 10 (same board) to 60 (across the system). */
API int nvmlDeviceGetTopologyCommonAncestor(Device one, Device other, int *level) {
    char key[32];
    Number number;
    snprintf(key, sizeof key, "topology.%d", minor_of(other));
    int code = gpu_number(one, key, &number);
    if (code == SUCCESS) *level = (int)number;
    return code;
}

/* `p2p.MINOR` of the other GPU, `p2p.nvlink.MINOR` for the NVLink capability: 0 is OK. */
API int nvmlDeviceGetP2PStatus(Device one, Device other, int capability, int *status) {
    enum { CAPABILITY_NVLINK = 2 };
    char key[32];
    Number number;
    snprintf(key, sizeof key, capability == CAPABILITY_NVLINK ? "p2p.nvlink.%d" : "p2p.%d",
             minor_of(other));
    int code = gpu_number(one, key, &number);
    if (code == SUCCESS) *status = (int)number;
    return code;
}

/* `memory_affinity`: a mask of the NUMA nodes near the GPU's slot. */
API int nvmlDeviceGetMemoryAffinity(Device device, unsigned size, unsigned long *nodes, unsigned scope) {
    Number mask;
    (void)scope;
    int code = gpu_number(device, "memory_affinity", &mask);
    if (code != SUCCESS) return code;
    for (unsigned place = 0; place < size; place++) nodes[place] = place ? 0 : (unsigned long)mask;
    return SUCCESS;
}
