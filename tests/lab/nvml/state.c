#include "state.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int initialised;

void set_initialised(int change) { initialised += change; }

enum { SLICE_SHIFT = 8, MINOR_MASK = (1 << SLICE_SHIFT) - 1 };

int minor_of(Device device) { return ((int)(intptr_t)device & MINOR_MASK) - 1; }

int slice_of(Device device) { return ((int)(intptr_t)device >> SLICE_SHIFT) - 1; }

Device device_of(int minor) { return (Device)(intptr_t)(minor + 1); }

Device slice_device(Device gpu, int slice) {
    return (Device)((intptr_t)gpu | (intptr_t)(slice + 1) << SLICE_SHIFT);
}

static const char *folder(void) {
    const char *named = getenv("HOMEPORT_LAB_NVML");
    return named && *named ? named : "/var/lib/homeport-lab/nvml";
}

/* `0x8|0x1|0x1`: one after the other at each reading of this process, and the last one from then on. */
static void take_turn(const char *path, const char *key, char *value) {
    enum { MOST_KEYS = 512 };
    static struct { char name[160]; int turn; } known[MOST_KEYS];
    static int count;
    char name[sizeof known->name], *rest = value, *word = value;
    int place = 0;
    if (!strchr(value, '|')) return;
    snprintf(name, sizeof name, "%s", path + (strlen(path) > 80 ? strlen(path) - 80 : 0));
    snprintf(name + strlen(name), sizeof name - strlen(name), " %s", key);
    while (place < count && strcmp(known[place].name, name)) place++;
    if (place == MOST_KEYS) return;
    if (place == count) strcpy(known[count++].name, name);
    for (int turn = 0; rest && turn <= known[place].turn; turn++) word = strsep(&rest, "|");
    known[place].turn++;
    memmove(value, word, strlen(word) + 1);
}

/* 1 when the file has the key, 0 when it lacks it, -1 when there is no file. */
static int look_up(const char *path, const char *key, char *value, size_t size) {
    char line[LONGEST_VALUE];
    size_t length = strlen(key);
    int found = 0;
    FILE *file = fopen(path, "r");
    if (!file) return -1;
    while (!found && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, length) || line[length] != '=') continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(value, size, "%s", line + length + 1);
        take_turn(path, key, value);
        found = 1;
    }
    fclose(file);
    return found;
}

/* A driver that hangs: `delay_ms` in the system file holds up every call. */
static void wait_as_told(const char *path) {
    char value[32];
    if (look_up(path, "delay_ms", value, sizeof value) == 1) usleep((useconds_t)atoi(value) * 1000);
}

static int code_of(int found, const char *value) {
    if (found != 1) return NOT_SUPPORTED;
    return *value == '!' ? atoi(value + 1) : SUCCESS;
}

int system_text(const char *key, char *value, size_t size) {
    char path[LONGEST_PATH];
    snprintf(path, sizeof path, "%s/system", folder());
    wait_as_told(path);
    return code_of(look_up(path, key, value, size), value);
}

int gpu_text(Device device, const char *key, char *value, size_t size) {
    char path[LONGEST_PATH], own_key[64], lost[8] = "";
    if (!initialised) return UNINITIALIZED;
    if (!device) return INVALID_ARGUMENT;
    snprintf(path, sizeof path, "%s/system", folder());
    wait_as_told(path);
    snprintf(path, sizeof path, "%s/gpus/%d/state", folder(), minor_of(device));
    if (look_up(path, "lost", lost, sizeof lost) < 0 || *lost == '1') return GPU_IS_LOST;
    if (slice_of(device) < 0) return code_of(look_up(path, key, value, size), value);
    snprintf(own_key, sizeof own_key, "mig.%d.%s", slice_of(device), key);
    return code_of(look_up(path, own_key, value, size), value);
}

static int as_number(int code, const char *text, Number *value) {
    if (code == SUCCESS) *value = (Number)strtoll(text, NULL, 0);
    return code;
}

int system_number(const char *key, Number *value) {
    char text[64];
    return as_number(system_text(key, text, sizeof text), text, value);
}

int gpu_number(Device device, const char *key, Number *value) {
    char text[64];
    return as_number(gpu_text(device, key, text, sizeof text), text, value);
}

int gpu_mib(Device device, const char *key, Number *bytes) {
    int code = gpu_number(device, key, bytes);
    if (code == SUCCESS) *bytes <<= 20;
    return code;
}

static int ascending(const void *one, const void *other) {
    return *(const int *)one - *(const int *)other;
}

int list_gpus(int minors[MOST_GPUS]) {
    char path[LONGEST_PATH];
    int count = 0;
    snprintf(path, sizeof path, "%s/gpus", folder());
    DIR *gpus = opendir(path);
    if (!gpus) return 0;
    for (struct dirent *entry; count < MOST_GPUS && (entry = readdir(gpus));)
        if (*entry->d_name >= '0' && *entry->d_name <= '9') minors[count++] = atoi(entry->d_name);
    closedir(gpus);
    qsort(minors, (size_t)count, sizeof *minors, ascending);
    return count;
}
