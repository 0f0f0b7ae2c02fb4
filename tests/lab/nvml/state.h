/* What all of the fake NVML reads its answers from: flat files of `key=value` lines.
 *
 *   FOLDER/system         the driver, and what its calls return
 *   FOLDER/gpus/N/state   one GPU; N is its minor number
 *
 * FOLDER is $HOMEPORT_LAB_NVML, or /var/lib/homeport-lab/nvml. The files are read anew on each call,
 * so a test changes a GPU's condition while a program looks at it. A value `!15` makes the call
 * return that code; a key that is not there means NOT_SUPPORTED (3), as on boards that lack a thing.
 * `1|2|2` is another value at each reading.
 */
#ifndef HOMEPORT_LAB_STATE_H
#define HOMEPORT_LAB_STATE_H

#include <stddef.h>

#define API __attribute__((visibility("default")))

enum {
    SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7, GPU_IS_LOST = 15, ARGUMENT_VERSION_MISMATCH = 25
};

enum { MOST_GPUS = 128, LONGEST_VALUE = 1024, LONGEST_PATH = 512 };

/* A device is its minor number plus one, so that no device is a null pointer. A MIG slice has its own
 * number as well, and all that is asked of it is read from its GPU's keys `mig.SLICE.KEY`. */
typedef void *Device;
typedef unsigned long long Number;

void set_initialised(int change);
int minor_of(Device device);
int slice_of(Device device);  /* -1: it is a whole GPU */
Device device_of(int minor);
Device slice_device(Device gpu, int slice);

/* Minor numbers of all GPUs in ascending order; their count. */
int list_gpus(int minors[MOST_GPUS]);

/* Each gives an NVML return code. */
int system_text(const char *key, char *value, size_t size);
int system_number(const char *key, Number *value);
int gpu_text(Device device, const char *key, char *value, size_t size);
int gpu_number(Device device, const char *key, Number *value);
int gpu_mib(Device device, const char *key, Number *bytes);

#endif
