/* Who uses a GPU: `processes.compute=PID:MIB,PID:MIB`, `processes.graphics`, `processes.mps`. */
#include "state.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    unsigned pid;
    Number used;
    unsigned gpu_instance, compute_instance;
} Process;

enum { NO_INSTANCE = -1 };

static int processes(Device device, const char *key, unsigned *count, Process *found) {
    char text[LONGEST_VALUE], *rest = text;
    unsigned room = *count, pid;
    Number used_mib;
    int code = gpu_text(device, key, text, sizeof text);
    if (code != SUCCESS) return code;
    *count = 0;
    for (char *word; (word = strsep(&rest, ","));) {
        if (sscanf(word, "%u:%llu", &pid, &used_mib) != 2) continue;
        if (found && *count < room)
            found[*count] = (Process){pid, used_mib << 20, (unsigned)NO_INSTANCE, (unsigned)NO_INSTANCE};
        ++*count;
    }
    return *count > room ? INSUFFICIENT_SIZE : SUCCESS;
}

API int nvmlDeviceGetComputeRunningProcesses_v3(Device device, unsigned *count, Process *found) {
    return processes(device, "processes.compute", count, found);
}

API int nvmlDeviceGetGraphicsRunningProcesses_v3(Device device, unsigned *count, Process *found) {
    return processes(device, "processes.graphics", count, found);
}

API int nvmlDeviceGetMPSComputeRunningProcesses_v3(Device device, unsigned *count, Process *found) {
    return processes(device, "processes.mps", count, found);
}
