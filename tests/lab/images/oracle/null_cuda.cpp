// A ggml backend that calls itself CUDA, holds nothing and computes nothing.
//
// llama.cpp loads it like any backend (GGML_BACKEND_PATH) and reserves its real graphs on it, so
// that a machine without a GPU can be asked what a GPU would have to hold. NULL_GPUS in the
// environment says which GPUs there are, as `MIB@CAPABILITY,...` (`24124@8.6,24124@8.6`); it is
// read at every question, so that one process can be asked about many hosts.
#include "cuda_fusions.h"
#include "cuda_rules.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <string>

constexpr int MOST_GPUS = 8;

struct Gpu {
    size_t bytes;
    int capability;
};

static Gpu gpu(int index) {
    const char * words = getenv("NULL_GPUS");
    for (int i = 0; words && i < index; ++i) {
        words = strchr(words, ',');
        words = words ? words + 1 : nullptr;
    }
    double mib = 0, capability = 0;
    if (!words || sscanf(words, "%lf@%lf", &mib, &capability) != 2) return {0, 0};
    return {size_t(mib * 1024 * 1024), int(capability * 10 + 0.5)};
}

extern ggml_backend_reg REGISTRY;
extern ggml_backend_device DEVICES[MOST_GPUS];
extern ggml_backend_buffer_type TYPES[MOST_GPUS];

static int index_of(ggml_backend_dev_t device) { return int(device - DEVICES); }
static int index_of(ggml_backend_buffer_type_t type) { return int(type - TYPES); }

static const char * name_of(int index) {
    static std::string names[MOST_GPUS];
    if (names[index].empty()) names[index] = "CUDA" + std::to_string(index);
    return names[index].c_str();
}

// Buffers: addresses with no memory behind them; what is written there is thrown away.

static const ggml_backend_buffer_i BUFFER = {
    [](ggml_backend_buffer_t buffer) { munmap(buffer->context, buffer->size); },
    [](ggml_backend_buffer_t buffer) { return buffer->context; },
    /* .init_tensor = */ nullptr,
    [](ggml_backend_buffer_t, ggml_tensor *, uint8_t, size_t, size_t) {},
    [](ggml_backend_buffer_t, ggml_tensor *, const void *, size_t, size_t) {},
    [](ggml_backend_buffer_t, const ggml_tensor *, void * to, size_t, size_t size) { memset(to, 0, size); },
    /* .set_tensor_2d, .get_tensor_2d, .cpy_tensor = */ nullptr, nullptr, nullptr,
    [](ggml_backend_buffer_t, uint8_t) {},
    /* .reset = */ nullptr,
};

static ggml_backend_buffer_t allocated(ggml_backend_buffer_type_t type, size_t size) {
    if (size > gpu(index_of(type)).bytes) return nullptr;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void * addresses = mmap(nullptr, size, PROT_NONE, flags, -1, 0);
    if (addresses == MAP_FAILED) return nullptr;
    return ggml_backend_buffer_init(type, BUFFER, addresses, size);
}

static const ggml_backend_buffer_type_i TYPE = {
    [](ggml_backend_buffer_type_t type) { return name_of(index_of(type)); },
    allocated,
    /* .alloc_buffer_n = */ nullptr,
    [](ggml_backend_buffer_type_t) { return ALIGNMENT; },
    /* .get_max_size = */ nullptr,
    [](ggml_backend_buffer_type_t type, const ggml_tensor * tensor) {
        return bytes_on_cuda(tensor, gpu(index_of(type)).capability);
    },
    /* .get_alloc_size_n, .is_host = */ nullptr, nullptr,
};

// Pinned memory of the host: the CPU's own memory under another name.
static ggml_backend_buffer_type_t pinned(ggml_backend_dev_t) {
    static ggml_backend_buffer_type type = [] {
        ggml_backend_buffer_type found = *ggml_backend_cpu_buffer_type();
        found.iface.get_name = [](ggml_backend_buffer_type_t) { return "CUDA_Host"; };
        found.device = &DEVICES[0];
        return found;
    }();
    return &type;
}

// Streams: everything is done at once, because nothing is done.

static const ggml_backend_i STREAM = {
    [](ggml_backend_t stream) { return name_of(index_of(stream->device)); },
    [](ggml_backend_t stream) { delete stream; },
    nullptr, nullptr, nullptr, nullptr, nullptr,
    [](ggml_backend_t) {},
    nullptr, nullptr, nullptr, nullptr,
    [](ggml_backend_t, ggml_cgraph *) { return GGML_STATUS_SUCCESS; },
    [](ggml_backend_t, ggml_backend_event_t) {},
    [](ggml_backend_t, ggml_backend_event_t) {},
    [](ggml_backend_t, ggml_cgraph * graph, ggml_backend_graph_optimize_params * params) {
        keep_for_fusions(graph, params);
    },
};

static ggml_backend_t stream(ggml_backend_dev_t device, const char *) {
    static ggml_guid guid = {'n', 'u', 'l', 'l', ' ', 'c', 'u', 'd', 'a'};
    return new ggml_backend{&guid, STREAM, device, nullptr};
}

static void memory(ggml_backend_dev_t device, size_t * free, size_t * total) {
    *free = *total = gpu(index_of(device)).bytes;
}

static void properties(ggml_backend_dev_t device, ggml_backend_dev_props * found) {
    found->name = found->description = name_of(index_of(device));
    found->type = GGML_BACKEND_DEVICE_TYPE_GPU;
    found->device_id = nullptr;
    memory(device, &found->memory_free, &found->memory_total);
    found->caps = {/* .async = */ true, /* .host_buffer = */ true, /* .buffer_from_host_ptr = */ false,
                   /* .events = */ true, /* .mmap_support = */ true};
}

static bool on_another_gpu(ggml_backend_dev_t device, const ggml_tensor * op) {
    for (const ggml_tensor * source : op->src) {
        if (!source || !source->buffer) continue;
        ggml_backend_dev_t found = ggml_backend_buft_get_device(ggml_backend_buffer_get_type(source->buffer));
        const bool ours = found >= DEVICES && found < DEVICES + MOST_GPUS;
        if (ours && found != device && !ggml_backend_buffer_is_host(source->buffer)) return true;
    }
    return false;
}

static const ggml_backend_device_i DEVICE = {
    [](ggml_backend_dev_t device) { return name_of(index_of(device)); },
    [](ggml_backend_dev_t device) { return name_of(index_of(device)); },
    memory,
    [](ggml_backend_dev_t) { return GGML_BACKEND_DEVICE_TYPE_GPU; },
    properties,
    stream,
    [](ggml_backend_dev_t device) { return &TYPES[index_of(device)]; },
    pinned,
    /* .buffer_from_host_ptr = */ nullptr,
    [](ggml_backend_dev_t device, const ggml_tensor * op) { return !on_another_gpu(device, op) && supports(op); },
    [](ggml_backend_dev_t device, ggml_backend_buffer_type_t type) { return type == &TYPES[index_of(device)]; },
    [](ggml_backend_dev_t, const ggml_tensor * op) { return wants_to_compute(op); },
    [](ggml_backend_dev_t device) { return new ggml_backend_event{device, nullptr}; },
    [](ggml_backend_dev_t, ggml_backend_event_t event) { delete event; },
    [](ggml_backend_dev_t, ggml_backend_event_t) {},
};

ggml_backend_device DEVICES[MOST_GPUS];
ggml_backend_buffer_type TYPES[MOST_GPUS];

static size_t count(ggml_backend_reg_t) {
    size_t found = 0;
    while (found < MOST_GPUS && gpu(int(found)).bytes) ++found;
    return found;
}

ggml_backend_reg REGISTRY = {
    GGML_BACKEND_API_VERSION,
    {
        [](ggml_backend_reg_t) { return "CUDA"; },
        count,
        [](ggml_backend_reg_t, size_t index) { return &DEVICES[index]; },
        [](ggml_backend_reg_t, const char *) -> void * { return nullptr; },
    },
    nullptr,
};

extern "C" ggml_backend_reg_t ggml_backend_init(void) {
    for (int i = 0; i < MOST_GPUS; ++i) {
        DEVICES[i] = {DEVICE, &REGISTRY, nullptr};
        TYPES[i] = {TYPE, &DEVICES[i], nullptr};
    }
    return &REGISTRY;
}
