// Asks llama.cpp what it would reserve: a line of questions in, a line of JSON out.
//
//   reserve < QUESTIONS
//
// A question is one line of words:
//   FILE GPUS SHARES LAYERS EXPERTS_ON_CPU CONTEXT BATCH MICRO_BATCH SEQUENCES UNIFIED
//   FLASH_ATTENTION KEY_TYPE VALUE_TYPE OUTPUTS
// GPUS is NULL_GPUS of null_cuda.cpp, SHARES the comma-separated shares of the layers. The answer
// has, for each GPU, the bytes of [model, context, compute, visible], as common/fit.cpp of llama.cpp
// counts them (llama-fit-params --fit-print on); OUTPUTS is what that tool cannot be told, the
// number of tokens with logits (0: all; llama-server asks for its number of slots).
#include <llama.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

// src/llama-ext.h of llama.cpp, which libllama-dev does not ship.
struct llama_memory_breakdown_data {
    size_t model, context, compute;
};
std::map<ggml_backend_buffer_type_t, llama_memory_breakdown_data> llama_get_memory_breakdown(const llama_context *);

struct Question {
    std::string file, gpus, shares, key_type, value_type;
    int layers, experts_on_cpu;
    uint32_t context, batch, micro_batch, sequences, unified, flash_attention, outputs;
};

static std::istream & operator>>(std::istream & in, Question & q) {
    return in >> q.file >> q.gpus >> q.shares >> q.layers >> q.experts_on_cpu >> q.context >> q.batch >>
        q.micro_batch >> q.sequences >> q.unified >> q.flash_attention >> q.key_type >> q.value_type >> q.outputs;
}

static std::vector<float> numbers(const std::string & words) {
    std::vector<float> found(llama_max_devices(), 0.0f);
    std::stringstream stream(words);
    std::string word;
    for (size_t i = 0; i < found.size() && std::getline(stream, word, ','); ++i) found[i] = std::stof(word);
    return found;
}

static ggml_type type_of(const std::string & name) {
    for (int i = 0; i < GGML_TYPE_COUNT; ++i) {
        const char * known = ggml_type_name(ggml_type(i));
        if (known && name == known) return ggml_type(i);
    }
    throw std::runtime_error("no type " + name);
}

// The devices of one question, with NULL at the end, as llama.cpp wants them.
static std::vector<ggml_backend_dev_t> devices() {
    std::vector<ggml_backend_dev_t> found;
    for (size_t i = 0; i < ggml_backend_dev_count(); ++i) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        size_t free, total;
        ggml_backend_dev_memory(device, &free, &total);
        if (ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_GPU && total) found.push_back(device);
    }
    found.push_back(nullptr);
    return found;
}

static llama_model * model_of(const Question & q, std::vector<ggml_backend_dev_t> & gpus) {
    const std::vector<float> shares = numbers(q.shares);
    std::vector<std::string> patterns;
    for (int i = 0; i < q.experts_on_cpu; ++i) {
        patterns.push_back("blk\\." + std::to_string(i) + "\\.ffn_(up|down|gate|gate_up)_(ch|)exps");
    }
    std::vector<llama_model_tensor_buft_override> overrides;
    for (const std::string & pattern : patterns) overrides.push_back({pattern.c_str(), ggml_backend_cpu_buffer_type()});
    overrides.push_back({nullptr, nullptr});
    llama_model_params params = llama_model_default_params();
    params.devices = gpus.data();
    params.n_gpu_layers = q.layers;
    params.tensor_split = shares.data();
    params.tensor_buft_overrides = overrides.data();
    params.no_alloc = true;
    params.load_mode = LLAMA_LOAD_MODE_NONE;
    return llama_model_load_from_file(q.file.c_str(), params);
}

static llama_context * context_of(const Question & q, llama_model * model) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = q.context;
    params.n_batch = q.batch;
    params.n_ubatch = q.micro_batch;
    params.n_seq_max = q.sequences;
    params.n_outputs_max = q.outputs;
    params.kv_unified = q.unified;
    params.swa_full = false;
    params.flash_attn_type = q.flash_attention ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.type_k = type_of(q.key_type);
    params.type_v = type_of(q.value_type);
    return llama_init_from_model(model, params);
}

static void answer(const Question & q) {
    setenv("NULL_GPUS", q.gpus.c_str(), 1);
    std::vector<ggml_backend_dev_t> gpus = devices();
    llama_model * model = model_of(q, gpus);
    llama_context * context = model ? context_of(q, model) : nullptr;
    if (!context) throw std::runtime_error(model ? "no context" : "no model");
    std::map<ggml_backend_dev_t, llama_memory_breakdown_data> found;
    for (const auto & [type, part] : llama_get_memory_breakdown(context)) {
        if (ggml_backend_buft_is_host(type)) continue;
        auto & sum = found[ggml_backend_buft_get_device(type)];
        sum = {sum.model + part.model, sum.context + part.context, sum.compute + part.compute};
    }
    std::cout << "{\"gpus\": [";
    for (size_t i = 0; gpus[i]; ++i) {
        size_t free, total;
        ggml_backend_dev_memory(gpus[i], &free, &total);
        const auto & part = found[gpus[i]];
        std::cout << (i ? ", [" : "[") << part.model << ", " << part.context << ", " << part.compute << ", " << free << "]";
    }
    std::cout << "]}" << std::endl;
}

// Each in a process of its own: an assertion that fails inside llama.cpp is one answer, not the end.
static void answered_apart(const Question & q) {
    std::cout.flush();
    const pid_t child = fork();
    if (child == 0) {
        try {
            answer(q);
        } catch (const std::exception & error) {
            std::cout << "{\"error\": \"" << error.what() << "\"}" << std::endl;
        }
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status)) std::cout << "{\"error\": \"signal " << WTERMSIG(status) << "\"}" << std::endl;
}

int main() {
    llama_log_set([](ggml_log_level level, const char * text, void *) {
        if (level == GGML_LOG_LEVEL_ERROR || getenv("EVERY_WORD")) fputs(text, stderr);
    }, nullptr);
    setenv("NULL_GPUS", "1@8.6,1@8.6,1@8.6,1@8.6", 1);
    ggml_backend_load_all();
    llama_backend_init();
    for (Question q; std::cin >> q;) answered_apart(q);
    return std::cin.eof() ? 0 : 1;
}
