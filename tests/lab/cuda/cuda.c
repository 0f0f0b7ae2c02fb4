/* The few calls of CUDA's driver library that say what a process can use of a GPU.
 *
 * Keys of the same state files as the fake NVML's: `cuda.visible_mib`, `cuda.sm_count`,
 * `cuda.context_mib`, `cuda.uuid` (a slice's, in MIG mode), and of the system `cuda.init`. Here `!N`
 * is a CUresult, and a GPU without `cuda.visible_mib` is one that CUDA does not show.
 */
#include "../nvml/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ERROR_INVALID_VALUE = 1, ERROR_NOT_INITIALIZED = 3, ERROR_NO_DEVICE = 100 };
enum { ATTRIBUTE_PROCESSORS = 16, ATTRIBUTE_MAJOR = 75, ATTRIBUTE_MINOR = 76 };

static int shown[MOST_GPUS], count = -1;

API int cuInit(unsigned flags) {
    int minors[MOST_GPUS];
    Number number, code = 0;
    char text[64];
    if (flags) return ERROR_INVALID_VALUE;
    int found = system_text("cuda.init", text, sizeof text);
    if (found != SUCCESS && found != NOT_SUPPORTED) return found;
    set_initialised(1);
    count = 0;
    for (int index = 0, all = list_gpus(minors); index < all; index++)
        if (gpu_number(device_of(minors[index]), "cuda.visible_mib", &number) == SUCCESS)
            shown[count++] = minors[index];
    return count ? (int)code : ERROR_NO_DEVICE;
}

API int cuDeviceGetCount(int *devices) {
    if (count < 0) return ERROR_NOT_INITIALIZED;
    *devices = count;
    return SUCCESS;
}

API int cuDeviceGet(int *device, int ordinal) {
    if (ordinal < 0 || ordinal >= count) return ERROR_INVALID_VALUE;
    *device = ordinal;
    return SUCCESS;
}

static int number(int device, const char *key, Number *value) {
    if (device < 0 || device >= count) return ERROR_INVALID_VALUE;
    return gpu_number(device_of(shown[device]), key, value) ? ERROR_INVALID_VALUE : SUCCESS;
}

API int cuDeviceTotalMem_v2(size_t *bytes, int device) {
    Number mib;
    int code = number(device, "cuda.visible_mib", &mib);
    if (code == SUCCESS) *bytes = (size_t)mib << 20;
    return code;
}

API int cuDeviceGetAttribute(int *value, int attribute, int device) {
    char text[16];
    Number processors;
    int major = 0, minor = 0;
    if (attribute == ATTRIBUTE_PROCESSORS) {
        int code = number(device, "cuda.sm_count", &processors);
        if (code == SUCCESS) *value = (int)processors;
        return code;
    }
    if (gpu_text(device_of(shown[device]), "compute_capability", text, sizeof text)
        || sscanf(text, "%d.%d", &major, &minor) != 2)
        return ERROR_INVALID_VALUE;
    *value = attribute == ATTRIBUTE_MAJOR ? major : minor;
    return attribute == ATTRIBUTE_MAJOR || attribute == ATTRIBUTE_MINOR ? SUCCESS : ERROR_INVALID_VALUE;
}

/* 16 bytes, from the text `GPU-8-4-4-4-12` or `MIG-…`. */
API int cuDeviceGetUuid_v2(unsigned char *bytes, int device) {
    char text[64];
    unsigned place = 0, value;
    Device gpu = device_of(shown[device]);
    if (gpu_text(gpu, "cuda.uuid", text, sizeof text) && gpu_text(gpu, "uuid", text, sizeof text))
        return ERROR_INVALID_VALUE;
    for (char *rest = text + 4; *rest && place < 16; rest += *rest == '-' ? 1 : 2)
        if (*rest != '-' && sscanf(rest, "%2x", &value) == 1) bytes[place++] = (unsigned char)value;
    return place == 16 ? SUCCESS : ERROR_INVALID_VALUE;
}

API int cuDeviceGetUuid(unsigned char *bytes, int device) { return cuDeviceGetUuid_v2(bytes, device); }

static void contexts(int minor, Number mib) {
    char name[48], value[24];
    snprintf(name, sizeof name, "HOMEPORT_LAB_CONTEXT_MIB_%d", minor);
    snprintf(value, sizeof value, "%llu", mib);
    setenv(name, value, 1);
}

API int cuCtxCreate_v2(void **context, unsigned flags, int device) {
    Number mib;
    (void)flags;
    int code = number(device, "cuda.context_mib", &mib);
    if (code != SUCCESS) return code;
    contexts(shown[device], mib);
    *context = device_of(shown[device]);
    return SUCCESS;
}

API int cuCtxDestroy_v2(void *context) {
    contexts(minor_of(context), 0);
    return SUCCESS;
}

API int cuGetErrorName(int code, const char **name) {
    static char text[32];
    snprintf(text, sizeof text, "CUDA_ERROR_%d", code);
    *name = text;
    return SUCCESS;
}
