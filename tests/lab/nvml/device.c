/* What a GPU is, and how it is doing: calls that give one text or one or two numbers. */
#include "state.h"

#include <stdio.h>

#define TEXT(function, key) \
    API int function(Device device, char *text, unsigned size) { \
        return gpu_text(device, key, text, size); \
    }

#define NUMBER(function, type, key) \
    API int function(Device device, type *value) { \
        Number number; \
        int code = gpu_number(device, key, &number); \
        if (code == SUCCESS) *value = (type)number; \
        return code; \
    }

/* The key ends in the number that the caller chose: a clock, a threshold, a link. */
#define NUMBERED(function, type, key) \
    API int function(Device device, unsigned which, type *value) { \
        char name[48]; \
        Number number; \
        snprintf(name, sizeof name, key ".%u", which); \
        int code = gpu_number(device, name, &number); \
        if (code == SUCCESS) *value = (type)number; \
        return code; \
    }

#define PAIR(function, type, first_key, second_key) \
    API int function(Device device, type *first, type *second) { \
        Number one, two; \
        int code = gpu_number(device, first_key, &one); \
        if (code == SUCCESS) code = gpu_number(device, second_key, &two); \
        if (code == SUCCESS) *first = (type)one, *second = (type)two; \
        return code; \
    }

TEXT(nvmlDeviceGetName, "name")
TEXT(nvmlDeviceGetUUID, "uuid")
TEXT(nvmlDeviceGetSerial, "serial")
TEXT(nvmlDeviceGetVbiosVersion, "vbios")

API int nvmlDeviceGetMinorNumber(Device device, unsigned *minor) {
    char name[8];
    *minor = (unsigned)minor_of(device);
    int code = gpu_text(device, "name", name, sizeof name);
    return code == NOT_SUPPORTED ? SUCCESS : code;
}

API int nvmlDeviceGetCudaComputeCapability(Device device, int *major, int *minor) {
    char text[16];
    int code = gpu_text(device, "compute_capability", text, sizeof text);
    if (code == SUCCESS && sscanf(text, "%d.%d", major, minor) != 2) code = INVALID_ARGUMENT;
    return code;
}

NUMBER(nvmlDeviceGetBrand, int, "brand")
NUMBER(nvmlDeviceGetArchitecture, unsigned, "architecture")
NUMBER(nvmlDeviceGetNumGpuCores, unsigned, "cores")
NUMBER(nvmlDeviceGetMemoryBusWidth, unsigned, "memory.bus_width")
NUMBER(nvmlDeviceGetNumaNodeId, int, "numa_node")
NUMBER(nvmlDeviceGetPersistenceMode, int, "persistence")
NUMBER(nvmlDeviceGetComputeMode, int, "compute_mode")
NUMBER(nvmlDeviceGetDisplayActive, int, "display_active")
NUMBER(nvmlDeviceGetPerformanceState, int, "performance_state")
NUMBER(nvmlDeviceGetFanSpeed, unsigned, "fan_percent")

NUMBER(nvmlDeviceGetPowerUsage, unsigned, "power.usage_mw")
NUMBER(nvmlDeviceGetEnforcedPowerLimit, unsigned, "power.limit_mw")
NUMBER(nvmlDeviceGetPowerManagementLimit, unsigned, "power.limit_mw")
NUMBER(nvmlDeviceGetPowerManagementDefaultLimit, unsigned, "power.default_limit_mw")
NUMBER(nvmlDeviceGetTotalEnergyConsumption, Number, "power.energy_mj")

NUMBER(nvmlDeviceGetCurrentClocksEventReasons, Number, "throttle_reasons")
NUMBER(nvmlDeviceGetCurrentClocksThrottleReasons, Number, "throttle_reasons")

NUMBER(nvmlDeviceGetCurrPcieLinkWidth, unsigned, "pcie.width")
NUMBER(nvmlDeviceGetMaxPcieLinkWidth, unsigned, "pcie.max_width")
NUMBER(nvmlDeviceGetCurrPcieLinkGeneration, unsigned, "pcie.generation")
NUMBER(nvmlDeviceGetMaxPcieLinkGeneration, unsigned, "pcie.max_generation")
NUMBER(nvmlDeviceGetGpuMaxPcieLinkGeneration, unsigned, "pcie.gpu_max_generation")
NUMBER(nvmlDeviceGetPcieReplayCounter, unsigned, "pcie.replays")

NUMBER(nvmlDeviceGetRetiredPagesPendingStatus, int, "retired.pending")
PAIR(nvmlDeviceGetEccMode, int, "ecc.current", "ecc.pending")
NUMBER(nvmlDeviceGetDefaultEccMode, int, "ecc.default")
PAIR(nvmlDeviceGetMigMode, unsigned, "mig.current", "mig.pending")

NUMBERED(nvmlDeviceGetTemperatureThreshold, unsigned, "temperature.threshold")
NUMBERED(nvmlDeviceGetClockInfo, unsigned, "clock")
NUMBERED(nvmlDeviceGetMaxClockInfo, unsigned, "max_clock")
NUMBERED(nvmlDeviceGetNvLinkState, int, "nvlink")

typedef struct { Number reference_us, violation_ns; } Violation;

/* `violation.POLICY=NANOSECONDS`: 0 power, 1 heat … */
API int nvmlDeviceGetViolationStatus(Device device, int policy, Violation *time) {
    char key[32];
    snprintf(key, sizeof key, "violation.%d", policy);
    time->reference_us = 0;
    return gpu_number(device, key, &time->violation_ns);
}

API int nvmlDeviceGetTemperature(Device device, int sensor, unsigned *celsius) {
    Number number;
    (void)sensor;
    int code = gpu_number(device, "temperature", &number);
    if (code == SUCCESS) *celsius = (unsigned)number;
    return code;
}

API int nvmlDeviceValidateInforom(Device device) {
    char value[8];
    return gpu_text(device, "inforom", value, sizeof value);
}
