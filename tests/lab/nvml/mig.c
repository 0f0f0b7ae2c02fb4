/* A GPU cut into slices: `mig.current=1`, and for each slice `mig.SLICE.uuid`, `.name`, … */
#include "state.h"

#include <string.h>

enum { MOST_SLICES = 7 };

typedef struct {
    unsigned processors, copy_engines, decoders, encoders, jpeg, ofa, gpu_slices, compute_slices;
    Number memory_mib;
} Attributes;

API int nvmlDeviceGetMaxMigDeviceCount(Device device, unsigned *count) {
    Number mode;
    int code = gpu_number(device, "mig.current", &mode);
    if (code == SUCCESS) *count = mode ? MOST_SLICES : 0;
    return code;
}

/* As with NVML, places between slices may be empty. */
API int nvmlDeviceGetMigDeviceHandleByIndex(Device device, unsigned index, Device *slice) {
    char uuid[LONGEST_VALUE];
    if (index >= MOST_SLICES) return INVALID_ARGUMENT;
    *slice = slice_device(device, (int)index);
    int code = gpu_text(*slice, "uuid", uuid, sizeof uuid);
    return code == NOT_SUPPORTED ? NOT_FOUND : code;
}

API int nvmlDeviceIsMigDeviceHandle(Device device, unsigned *is_slice) {
    *is_slice = slice_of(device) >= 0;
    return SUCCESS;
}

API int nvmlDeviceGetAttributes_v2(Device device, Attributes *attributes) {
    Number processors, memory_mib;
    if (slice_of(device) < 0) return INVALID_ARGUMENT;
    int code = gpu_number(device, "sm_count", &processors);
    if (code == SUCCESS) code = gpu_number(device, "memory.total_mib", &memory_mib);
    if (code != SUCCESS) return code;
    memset(attributes, 0, sizeof *attributes);
    attributes->processors = (unsigned)processors;
    attributes->memory_mib = memory_mib;
    return SUCCESS;
}
