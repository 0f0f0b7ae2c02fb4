// What ggml's CUDA backend answers about an operation, as far as graphs of language models ask.
//
// From ggml/src/ggml-cuda of llama.cpp: ggml-cuda.cu (supports_op, get_alloc_size, offload_op,
// graph_optimize) and fattn.cu (ggml_cuda_get_best_fattn_kernel).
#pragma once

#include "ggml_backend_abi.h"

#include <algorithm>
#include <cstring>

constexpr int64_t ROW_PADDING = 512;     // common.cuh, MATRIX_ROW_PADDING
constexpr int64_t CELL_STRIDE = 256;     // fattn-common.cuh, FATTN_KQ_STRIDE
constexpr int64_t OFFLOADED_BATCH = 32;  // ggml-cuda.cu, op_offload_min_batch_size
constexpr size_t ALIGNMENT = 128;        // ggml_backend_cuda_buffer_type_get_alignment

// Heads that share keys are computed together: only with a mask, without ALiBi, on whole strides.
inline bool shares_keys(const ggml_tensor * op) {
    const ggml_tensor *q = op->src[0], *k = op->src[1], *v = op->src[2], *mask = op->src[3];
    float max_bias;
    memcpy(&max_bias, op->op_params + 1, sizeof(float));
    if (q->ne[2] / k->ne[2] < 2 || !mask || max_bias != 0.0f || k->ne[1] % CELL_STRIDE) return false;
    for (const ggml_tensor * tensor : {q, k, v, mask}) {
        if (ggml_is_quantized(tensor->type)) continue;
        for (int i = 1; i < GGML_MAX_DIMS; ++i) {
            if (tensor->nb[i] % 16) return false;
        }
    }
    return true;
}

inline bool is_attention_type(ggml_type type) {
    switch (type) {
        case GGML_TYPE_F32: case GGML_TYPE_F16: case GGML_TYPE_BF16: case GGML_TYPE_Q8_0:
        case GGML_TYPE_Q4_0: case GGML_TYPE_Q4_1: case GGML_TYPE_Q5_0: case GGML_TYPE_Q5_1:
            return true;
        default:
            return false;
    }
}

inline bool is_attention_shape(const ggml_tensor * op) {
    const int64_t key = op->src[1]->ne[0], value = op->src[2]->ne[0];
    const int64_t sharing = op->src[0]->ne[2] / op->src[1]->ne[2];
    switch (key) {
        case 40: case 64: case 72: case 80: case 96: case 112: case 128: case 256:
            return value == key;
        case 192: return value == 128 && shares_keys(op) && sharing % 8 == 0;
        case 320: return value == 256 && shares_keys(op) && sharing % 32 == 0;
        case 512: return value == 512 && shares_keys(op);
        case 576: return value == 512 && shares_keys(op);
        default: return false;
    }
}

inline bool supports_flash_attention(const ggml_tensor * op) {
    const ggml_tensor * mask = op->src[3];
    return is_attention_shape(op) && is_attention_type(op->src[1]->type) &&
        is_attention_type(op->src[2]->type) && (!mask || mask->ne[2] == 1);
}

// The kernel for single tokens reads some caches as they are; every other one wants f16.
inline bool reads_cache_as_it_is(const ggml_tensor * op, int capability) {
    const ggml_tensor *q = op->src[0], *k = op->src[1], *v = op->src[2];
    const bool same = k->type == v->type;
    const bool compiled = k->type == GGML_TYPE_F16 || k->type == GGML_TYPE_BF16 ||
        k->type == GGML_TYPE_Q4_0 || k->type == GGML_TYPE_Q8_0;  // GGML_CUDA_FA_ALL_QUANTS is off
    const bool possible = q->ne[0] <= 256 && q->ne[0] % 64 == 0 && q->ne[0] != 192 &&
        k->ne[1] % CELL_STRIDE == 0;
    const bool one_token = q->ne[1] == 1 || (q->ne[1] == 2 && (capability < 75 || capability >= 89));
    return same && compiled && possible && one_token && ggml_is_quantized(k->type);
}

inline size_t flash_attention_bytes(const ggml_tensor * op, int capability) {
    const ggml_tensor *k = op->src[1], *v = op->src[2];
    const bool v_is_k = v->view_src &&
        (v->view_src == k || (v->view_src == k->view_src && v->view_offs == k->view_offs));
    size_t bytes = ggml_nbytes(op);
    if (!supports_flash_attention(op) || reads_cache_as_it_is(op, capability)) return bytes;
    if (k->type != GGML_TYPE_F16) bytes = GGML_PAD(bytes, ALIGNMENT) + ggml_nelements(k) * 2;
    if (v->type != GGML_TYPE_F16 && !v_is_k) {
        bytes = GGML_PAD(bytes, ALIGNMENT) + ggml_nelements(v) * 2;
    }
    return bytes;
}

inline size_t bytes_on_cuda(const ggml_tensor * tensor, int capability) {
    size_t bytes = tensor->op == GGML_OP_FLASH_ATTN_EXT ? flash_attention_bytes(tensor, capability)
                                                        : ggml_nbytes(tensor);
    const int64_t rest = tensor->ne[0] % ROW_PADDING;
    if (ggml_is_quantized(tensor->type) && rest) {
        bytes += ggml_row_size(tensor->type, ROW_PADDING - rest);
    }
    return bytes;
}

inline bool supports(const ggml_tensor * op) {
    const ggml_tensor *a = op->src[0], *b = op->src[1];
    switch (op->op) {
        case GGML_OP_FLASH_ATTN_EXT:
            return supports_flash_attention(op);
        case GGML_OP_MUL_MAT:
        case GGML_OP_MUL_MAT_ID:
            return a->nb[0] == ggml_element_size(a) && b->nb[0] == ggml_element_size(b) &&
                (b->type != GGML_TYPE_F16 || a->type == GGML_TYPE_F16);
        case GGML_OP_GET_ROWS:
            if (a->type == GGML_TYPE_Q6_K || a->type == GGML_TYPE_Q4_K) return true;
            return a->type != GGML_TYPE_IQ4_NL && a->type != GGML_TYPE_MXFP4 ? true : a->ne[0] % 256 == 0;
        case GGML_OP_SET_ROWS:
            return a->type == GGML_TYPE_F32 || (a->type == GGML_TYPE_F16 && op->type == GGML_TYPE_F16);
        case GGML_OP_SSM_CONV:
            return a->ne[1] % 128 == 0;
        case GGML_OP_NORM:
        case GGML_OP_RMS_NORM:
        case GGML_OP_L2_NORM:
            return ggml_is_contiguous_rows(a);
        case GGML_OP_UNARY:
            return ggml_is_contiguous(a);
        case GGML_OP_GLU:
            return ggml_is_contiguous_1(a);
        default:
            return true;
    }
}

inline bool wants_to_compute(const ggml_tensor * op) {
    switch (op->op) {
        case GGML_OP_GET_ROWS: return false;
        case GGML_OP_MUL_MAT: return op->ne[1] >= OFFLOADED_BATCH;
        case GGML_OP_MUL_MAT_ID:
        case GGML_OP_ROPE: return op->ne[2] >= OFFLOADED_BATCH;
        default: return ggml_nrows(op) >= OFFLOADED_BATCH;
    }
}
