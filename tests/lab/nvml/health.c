/* Memory errors, repaired rows, field values. */
#include "state.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    unsigned field, scope;
    int64_t timestamp, latency;
    int type, code;
    union { double real; Number whole; long long negative; } value;
} Field;
enum { TYPE_UNSIGNED = 3, TYPE_SIGNED = 4 };

typedef struct {
    unsigned version;
    Number counters[11];
    unsigned exceeded;
} Sram;

typedef struct { unsigned max, high, partial, low, none; } Histogram;

static const char *const KINDS[] = {"corrected", "uncorrected"};
static const char *const SPANS[] = {"volatile", "aggregate"};

/* `ecc.corrected.volatile`, `ecc.uncorrected.aggregate` … */
API int nvmlDeviceGetTotalEccErrors(Device device, unsigned kind, unsigned span, Number *count) {
    char key[48];
    if (kind > 1 || span > 1) return INVALID_ARGUMENT;
    snprintf(key, sizeof key, "ecc.%s.%s", KINDS[kind], SPANS[span]);
    return gpu_number(device, key, count);
}

API int nvmlDeviceGetSramEccErrorStatus(Device device, Sram *sram) {
    Number exceeded;
    if (sram->version != ((unsigned)sizeof *sram | 1u << 24)) return ARGUMENT_VERSION_MISMATCH;
    int code = gpu_number(device, "sram.threshold_exceeded", &exceeded);
    if (code != SUCCESS) return code;
    memset(sram->counters, 0, sizeof sram->counters);
    sram->exceeded = (unsigned)exceeded;
    return SUCCESS;
}

API int nvmlDeviceGetRemappedRows(
    Device device, unsigned *corrected, unsigned *uncorrected, unsigned *pending, unsigned *failed) {
    static const char *const keys[] = {
        "remapped.corrected", "remapped.uncorrected", "remapped.pending", "remapped.failed"};
    unsigned *const values[] = {corrected, uncorrected, pending, failed};
    Number number;
    for (int place = 0; place < 4; place++) {
        int code = gpu_number(device, keys[place], &number);
        if (code != SUCCESS) return code;
        *values[place] = (unsigned)number;
    }
    return SUCCESS;
}

/* `remapped.banks=MAX HIGH PARTIAL LOW NONE`: how many banks have that many spare rows left. */
API int nvmlDeviceGetRowRemapperHistogram(Device device, Histogram *banks) {
    char text[64];
    int code = gpu_text(device, "remapped.banks", text, sizeof text);
    if (code == SUCCESS && sscanf(text, "%u %u %u %u %u", &banks->max, &banks->high, &banks->partial,
                                  &banks->low, &banks->none) != 5)
        code = INVALID_ARGUMENT;
    return code;
}

/* `retired.CAUSE=COUNT`, 0 for single-bit and 1 for double-bit errors. */
API int nvmlDeviceGetRetiredPages(Device device, unsigned cause, unsigned *count, Number *pages) {
    char key[32];
    Number number;
    snprintf(key, sizeof key, "retired.%u", cause);
    int code = gpu_number(device, key, &number);
    if (code != SUCCESS) return code;
    unsigned room = *count;
    *count = (unsigned)number;
    if (number > room) return INSUFFICIENT_SIZE;
    for (Number page = 0; pages && page < number; page++) pages[page] = 0x1000 * (page + 1);
    return SUCCESS;
}

/* `field.230=1`: NVML's field identifiers, such as 230 for the GPU's recovery action. */
API int nvmlDeviceGetFieldValues(Device device, int count, Field *fields) {
    char key[32], value[8];
    for (int place = 0; place < count; place++) {
        Field *field = &fields[place];
        snprintf(key, sizeof key, "field.%u", field->field);
        field->code = gpu_number(device, key, &field->value.whole);
        field->type = field->value.negative < 0 ? TYPE_SIGNED : TYPE_UNSIGNED;
    }
    int code = gpu_text(device, "name", value, sizeof value);
    return code == GPU_IS_LOST || code == UNINITIALIZED ? code : SUCCESS;
}
