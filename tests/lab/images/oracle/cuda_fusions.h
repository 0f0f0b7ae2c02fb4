// Tensors that ggml's CUDA backend keeps longer, because it computes several operations in one.
//
// From ggml-cuda.cu of llama.cpp: ggml_backend_cuda_graph_optimize, with what it matches
// (ggml_cuda_match_moe_weighted_reduction, ggml_cuda_topk_moe_fusion).
#pragma once

#include "ggml_backend_abi.h"

#include <initializer_list>

constexpr int MOST_REDUCED_EXPERTS = 15;  // MOE_WEIGHTED_REDUCTION_MAX_EXPERTS

// experts x router weights, a view of each expert, and their sum: one kernel.
inline int keep_for_reduction(ggml_cgraph * graph, int index, ggml_backend_graph_optimize_params * params) {
    ggml_tensor * product = ggml_graph_node(graph, index);
    ggml_tensor *experts = product->src[0], *weights = product->src[1];
    if (product->op != GGML_OP_MUL || product->type != GGML_TYPE_F32 || !ggml_is_contiguous(product)) return 0;
    const int used = int(product->ne[1]);
    if (!ggml_are_same_shape(experts, product) || weights->ne[0] != 1 || weights->ne[1] != used ||
        weights->ne[2] != product->ne[2] || used < 2 || used > MOST_REDUCED_EXPERTS) return 0;
    const int nodes = 2 * used;
    if (index + nodes > ggml_graph_n_nodes(graph)) return 0;
    int views = 0, sums = 0;
    for (int i = index + 1; i < index + nodes; ++i) {
        const ggml_tensor * node = ggml_graph_node(graph, i);
        views += node->op == GGML_OP_VIEW && node->view_src == product;
        sums += node->op == GGML_OP_ADD;
    }
    if (views != used || sums != used - 1) return 0;
    ggml_tensor * sum = ggml_graph_node(graph, index + nodes - 1);
    params->add_alloc_dep(params->user_data, experts, sum);
    params->add_alloc_dep(params->user_data, weights, sum);
    return nodes;
}

inline int follow(ggml_cgraph * graph, int index, std::initializer_list<ggml_op> ops) {
    for (ggml_op op : ops) {
        if (index >= ggml_graph_n_nodes(graph) || ggml_graph_node(graph, index)->op != op) return -1;
        ++index;
    }
    return index;
}

// The router: probabilities, the best of them, their weights.
inline int keep_for_router(ggml_cgraph * graph, int index, ggml_backend_graph_optimize_params * params) {
    const ggml_tensor * gate = ggml_graph_node(graph, index);
    const bool sigmoid = gate->op == GGML_OP_UNARY && ggml_get_unary_op(gate) == GGML_UNARY_OP_SIGMOID;
    const int64_t experts = gate->ne[0];
    if (!sigmoid && gate->op != GGML_OP_SOFT_MAX) return 0;
    if ((experts & (experts - 1) || experts > 512) && experts != 288 && experts != 576) return 0;
    int end = follow(graph, index + 1, {GGML_OP_RESHAPE, GGML_OP_ARGSORT, GGML_OP_VIEW, GGML_OP_GET_ROWS});
    if (end < 0) {
        end = follow(graph, index + 1, {GGML_OP_RESHAPE, GGML_OP_ADD, GGML_OP_ARGSORT, GGML_OP_VIEW, GGML_OP_GET_ROWS});
    }
    if (end < 0) return 0;
    const int normed = follow(graph, end, {GGML_OP_RESHAPE, GGML_OP_SUM_ROWS, GGML_OP_CLAMP, GGML_OP_DIV, GGML_OP_RESHAPE});
    end = normed < 0 ? end : normed;
    const int scaled = follow(graph, end, {GGML_OP_SCALE});
    end = scaled < 0 ? end : scaled;
    if (end >= ggml_graph_n_nodes(graph)) return 0;
    ggml_tensor * until = ggml_graph_node(graph, end);
    for (int i = index; i < end; ++i) {
        ggml_tensor * node = ggml_graph_node(graph, i);
        params->add_alloc_dep(params->user_data, node, until);
        for (ggml_tensor * source : node->src) {
            if (source) params->add_alloc_dep(params->user_data, source, until);
        }
    }
    return end - index;
}

inline void keep_for_fusions(ggml_cgraph * graph, ggml_backend_graph_optimize_params * params) {
    for (int i = 0; i < ggml_graph_n_nodes(graph); ++i) {
        int nodes = keep_for_reduction(graph, i, params);
        if (!nodes) nodes = keep_for_router(graph, i, params);
        if (nodes) i += nodes - 1;
    }
}
