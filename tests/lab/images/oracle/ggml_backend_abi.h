// The tables that a ggml backend hands to libggml, as ggml 0.27.0 (API version 3) reads them.
//
// Debian's libggml-dev ships no private header. These are the structures of ggml's
// src/ggml-backend-impl.h, with members that the null device leaves out as `void *`; libggml
// refuses a backend of any other API version ("incompatible API version"). The offsets were
// compared with Debian's own libggml-base.so and libggml-rpc.so (objdump).
#pragma once

#include <ggml-backend.h>

#define GGML_BACKEND_API_VERSION 3

using absent = void *;

struct ggml_backend_buffer_type_i {
    const char * (*get_name)(ggml_backend_buffer_type_t);
    ggml_backend_buffer_t (*alloc_buffer)(ggml_backend_buffer_type_t, size_t);
    absent alloc_buffer_n;
    size_t (*get_alignment)(ggml_backend_buffer_type_t);
    absent get_max_size;
    size_t (*get_alloc_size)(ggml_backend_buffer_type_t, const ggml_tensor *);
    absent get_alloc_size_n;
    absent is_host;
};

struct ggml_backend_buffer_type {
    ggml_backend_buffer_type_i iface;
    ggml_backend_dev_t device;
    void * context;
};

struct ggml_backend_buffer_i {
    void (*free_buffer)(ggml_backend_buffer_t);
    void * (*get_base)(ggml_backend_buffer_t);
    absent init_tensor;
    void (*memset_tensor)(ggml_backend_buffer_t, ggml_tensor *, uint8_t, size_t, size_t);
    void (*set_tensor)(ggml_backend_buffer_t, ggml_tensor *, const void *, size_t, size_t);
    void (*get_tensor)(ggml_backend_buffer_t, const ggml_tensor *, void *, size_t, size_t);
    absent set_tensor_2d, get_tensor_2d, cpy_tensor;
    void (*clear)(ggml_backend_buffer_t, uint8_t);
    absent reset;
};

struct ggml_backend_buffer {
    ggml_backend_buffer_i iface;
    ggml_backend_buffer_type_t buft;
    void * context;
    size_t size;
    ggml_backend_buffer_usage usage;
};

struct ggml_backend_graph_optimize_params;

struct ggml_backend_i {
    const char * (*get_name)(ggml_backend_t);
    void (*free)(ggml_backend_t);
    absent set_tensor_async, get_tensor_async, set_tensor_2d_async, get_tensor_2d_async;
    absent cpy_tensor_async;
    void (*synchronize)(ggml_backend_t);
    absent graph_plan_create, graph_plan_free, graph_plan_update, graph_plan_compute;
    ggml_status (*graph_compute)(ggml_backend_t, ggml_cgraph *);
    void (*event_record)(ggml_backend_t, ggml_backend_event_t);
    void (*event_wait)(ggml_backend_t, ggml_backend_event_t);
    void (*graph_optimize)(ggml_backend_t, ggml_cgraph *, ggml_backend_graph_optimize_params *);
};

struct ggml_backend_graph_optimize_params {
    // Keeps a tensor's memory until a later node of the same graph is computed.
    void (*add_alloc_dep)(void * user_data, ggml_tensor * tensor, ggml_tensor * until);
    void * user_data;
};

struct ggml_backend {
    ggml_guid_t guid;
    ggml_backend_i iface;
    ggml_backend_dev_t device;
    void * context;
};

struct ggml_backend_event {
    ggml_backend_dev_t device;
    void * context;
};

struct ggml_backend_device_i {
    const char * (*get_name)(ggml_backend_dev_t);
    const char * (*get_description)(ggml_backend_dev_t);
    void (*get_memory)(ggml_backend_dev_t, size_t * free, size_t * total);
    enum ggml_backend_dev_type (*get_type)(ggml_backend_dev_t);
    void (*get_props)(ggml_backend_dev_t, ggml_backend_dev_props *);
    ggml_backend_t (*init_backend)(ggml_backend_dev_t, const char *);
    ggml_backend_buffer_type_t (*get_buffer_type)(ggml_backend_dev_t);
    ggml_backend_buffer_type_t (*get_host_buffer_type)(ggml_backend_dev_t);
    absent buffer_from_host_ptr;
    bool (*supports_op)(ggml_backend_dev_t, const ggml_tensor *);
    bool (*supports_buft)(ggml_backend_dev_t, ggml_backend_buffer_type_t);
    bool (*offload_op)(ggml_backend_dev_t, const ggml_tensor *);
    ggml_backend_event_t (*event_new)(ggml_backend_dev_t);
    void (*event_free)(ggml_backend_dev_t, ggml_backend_event_t);
    void (*event_synchronize)(ggml_backend_dev_t, ggml_backend_event_t);
};

struct ggml_backend_device {
    ggml_backend_device_i iface;
    ggml_backend_reg_t reg;
    void * context;
};

struct ggml_backend_reg_i {
    const char * (*get_name)(ggml_backend_reg_t);
    size_t (*get_device_count)(ggml_backend_reg_t);
    ggml_backend_dev_t (*get_device)(ggml_backend_reg_t, size_t);
    void * (*get_proc_address)(ggml_backend_reg_t, const char *);
};

struct ggml_backend_reg {
    int api_version;
    ggml_backend_reg_i iface;
    void * context;
};

extern "C" {
GGML_API ggml_backend_buffer_t ggml_backend_buffer_init(
    ggml_backend_buffer_type_t, ggml_backend_buffer_i, void * context, size_t size);
}
