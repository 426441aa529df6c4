#include "model/inference.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "memory/available_memory.h"
#include "memory/buffer.h"
#include "model/attention_plan.h"
#include "model/head_input.h"
#include "model/kv_cache.h"
#include "model/linear_product.h"
#include "model/model_error.h"
#include "model/rotation.h"
#include "model/weights.h"
#include "threads/thread_team.h"

namespace bitfleet {
namespace {

constexpr uint32_t most_slots = 4096;
constexpr uint32_t most_threads = 1024;
constexpr uint32_t most_batch = 1 << 16;
constexpr uint32_t longest_context = 1 << 24;

// Tokens after which what the embedding has read of a mapped file is given back. Systems map 64 KiB around a row: 16 MiB stay resident, and those of a step.
constexpr uint32_t remembered_rows = 256;

// Scores of different heads do not start at the same place of a memory page, where loads and stores look alike.
constexpr uint32_t score_padding = lanes;

uint32_t in_range(const char* name, uint32_t value, uint32_t most) {
  if (value == 0 || value > most) {
    throw ModelError(ModelErrorCode::unsupported_model, std::string(name) + " is " + std::to_string(value) + ", not 1 to " + std::to_string(most));
  }
  return value;
}

}  // namespace

// The graph, run by every member of the team at once: each stage is split between them and ends at a barrier. What is
// computed for a token does not depend on the split or on who does it, so neither do the results.
struct Inference::State {
  State(const Model& model, const InferenceOptions& options);

  void reserve_adapter();
  void check(std::span<const BatchToken> batch) const;
  void run(uint32_t rank);
  // A product of the normed residual stream.
  struct Projection {
    const Linear& linear;
    const Buffer<float>& input_norm;  // of its own, empty without projection norms
    float* out;
    uint64_t out_stride;
  };

  struct Product {
    const Linear& linear;
    const ProductInput& input;
    float* out;
    uint64_t out_stride;
  };

  void embed(uint32_t rank);
  void multiply_all(std::span<const Product> products, uint32_t rank);
  void multiply_units(std::span<const Product> products, Share units, uint32_t rank);
  void add_low_rank(const Product& product, size_t place, Share rows);
  void project(std::initializer_list<Projection> projections, const Buffer<float>& norm, uint32_t rank);
  void turn_head(float* head, const Buffer<float>& norm, uint32_t token) const;
  const ProductInput& input_of(size_t projection) const { return h.projection_norms && projection > 0 ? apart[projection - 1] : input; }
  void attention_block(const LayerWeights& w, uint32_t layer, uint32_t rank);
  void write_keys_and_values(uint32_t layer, uint32_t rank);
  void attend(uint32_t layer, uint32_t rank);
  void feed_forward_block(const LayerWeights& w, uint32_t rank);
  void make_logits(uint32_t rank);
  void keep_hidden(uint32_t rank);
  void add_to_stream(uint32_t rank);

  template <typename Body>
  void for_own_tokens(uint32_t rank, Body body) const {
    for (uint32_t t = rank; t < tokens.size(); t += team.size()) body(t);
  }

  void norm_into(const ProductInput& input, uint32_t t, const float* x, const Buffer<float>& weight, uint32_t length, bool quantize) const {
    kernels.rms_norm(x, weight.data(), length, h.norm_epsilon, input.vector(t));
    if (quantize) input.quantize(kernels, t);
  }

  uint32_t& length_of(uint32_t slot) {
    if (slot >= lengths.size()) throw std::invalid_argument("slot " + std::to_string(slot) + " does not exist");
    return lengths[slot];
  }

  void check_page(uint32_t page) const {
    if (page >= cache.pages()) throw std::invalid_argument("page " + std::to_string(page) + " does not exist");
  }

  float* residual(uint32_t t) const { return stream.data() + t * stream_stride; }

  const Hyperparameters& h;
  const Weights& w;
  const Kernels& kernels;
  const HeadKernels& head_kernels;
  const uint32_t max_batch;
  const uint32_t context_length;
  Rotation rotation;
  KvCache cache;
  std::vector<std::vector<uint32_t>> tables;  // by slot: its pages
  std::vector<uint32_t> lengths;              // by slot: its positions that have been computed
  ThreadTeam team;

  const uint64_t stream_stride;
  const uint64_t q_stride;
  const uint64_t kv_stride;
  const uint64_t ffn_stride;
  Buffer<float> stream;        // [max_batch][padded(embedding)] residual stream
  ProductInput input;          // of whichever product is next
  std::optional<HeadInput> head_input;  // where the head is rounded
  std::vector<ProductInput> apart;  // of the second and third of projections whose inputs differ
  ProductScratch product_scratch;
  Buffer<float> delta;         // [max_batch][padded(embedding)] what a block adds to the stream
  Buffer<float> queries;       // [max_batch][padded(q_dim)]
  Buffer<float> keys;          // [max_batch][padded(kv_dim)]
  Buffer<float> values;        // [max_batch][padded(kv_dim)]
  Buffer<float> attended;      // [max_batch][padded(q_dim)]
  Buffer<float> gate;          // [max_batch][padded(feed_forward)]
  Buffer<float> up;            // [max_batch][padded(feed_forward)]
  Buffer<float> cosines;       // [max_batch][rotation.pairs()]
  Buffer<float> sines;         // [max_batch][rotation.pairs()]
  const uint64_t score_stride;
  Buffer<float> scores;        // [threads][attention_tokens][attention_heads][score_stride]
  const uint64_t scratch_stride;
  Buffer<float> scratch;       // [threads][scratch_stride] the attention kernel's sums and page
  uint64_t low_stride = 0;     // padded(highest rank of the adapter)
  Buffer<float> low;           // [3][max_batch][low_stride] of the adapter's first matrices, by product
  uint64_t correction_stride = 0;  // the longest output's
  Buffer<float> correction;    // [3][max_batch][correction_stride] of its second: members work on different products at once
  Buffer<float> logits;        // [max_batch][vocabulary], resident only as far as used

  Buffer<float> hidden;        // [max_batch][padded(embedding)] of those who wanted it

  uint64_t rows_read = 0;               // of the embedding, since they were given back last
  std::span<const BatchToken> tokens;   // of the step in progress
  std::vector<uint32_t> slots;          // by token
  std::vector<uint32_t> reach;          // by token: how many positions of its slot it sees
  AttentionPlan plan;
  std::vector<uint32_t> wanted;         // indices into tokens
};

Inference::State::State(const Model& model, const InferenceOptions& options)
    : h(model.hyperparameters()),
      w(model.weights()),
      kernels(kernels_for(options.kernels)),
      head_kernels(head_kernels_for(kernels.set)),
      max_batch(in_range("the batch", options.max_batch, most_batch)),
      context_length(in_range("the context length", options.context_length == 0 ? h.context_length : options.context_length, longest_context)),
      rotation(h, w.rope_factors),
      cache(h, options.kv_quant, options.kv_pages == 0 ? uint64_t{in_range("the slot count", options.slots, most_slots)} * pages_for(context_length) : options.kv_pages),
      tables(in_range("the slot count", options.slots, most_slots)),
      lengths(options.slots, 0),
      team(in_range("the thread count", options.threads, most_threads)),
      stream_stride(padded(h.embedding)),
      q_stride(padded(h.q_dim())),
      kv_stride(padded(h.kv_dim())),
      ffn_stride(padded(h.feed_forward)),
      stream(max_batch * stream_stride, "the residual stream"),
      input(max_batch, std::max({h.embedding, h.q_dim(), h.feed_forward})),
      product_scratch(team.members()),
      delta(max_batch * stream_stride, "activations"),
      queries(max_batch * q_stride, "queries"),
      keys(max_batch * kv_stride, "keys"),
      values(max_batch * kv_stride, "values"),
      attended(max_batch * q_stride, "attention output"),
      gate(max_batch * ffn_stride, "activations"),
      up(max_batch * ffn_stride, "activations"),
      cosines(static_cast<uint64_t>(max_batch) * rotation.pairs(), "rotations"),
      sines(static_cast<uint64_t>(max_batch) * rotation.pairs(), "rotations"),
      score_stride(static_cast<uint64_t>(pages_for(context_length)) * kv_page + score_padding),
      scores(team.members() * attention_tokens * attention_heads * score_stride, "attention scores"),
      scratch_stride(static_cast<uint64_t>(attention_tokens * attention_heads + kv_page) * padded(h.head_dim)),
      scratch(team.members() * scratch_stride, "attention scratch"),
      logits(static_cast<uint64_t>(max_batch) * h.vocabulary, "logits"),
      hidden(max_batch * stream_stride, "hidden states") {
  reserve_adapter();
  if (w.rounded_head) head_input.emplace(max_batch, h.embedding);
  wanted.reserve(max_batch);
  reach.reserve(max_batch);
  slots.reserve(max_batch);
  if (options.kv_pages == 0) {
    for (uint32_t page = 0; page < cache.pages(); ++page) tables[page / pages_for(context_length)].push_back(page);
  }
  for (int i = 0; h.projection_norms && i < 2; ++i) apart.emplace_back(max_batch, h.embedding);
}

void Inference::State::reserve_adapter() {
  uint32_t rank = 0;
  for (const LayerWeights& l : w.layers) {
    for (const Linear* linear : {&l.query, &l.key, &l.value, &l.output, &l.gate, &l.up, &l.down}) {
      if (linear->adapter) rank = std::max(rank, linear->adapter->a.view().rows);
    }
  }
  if (rank == 0) return;
  low_stride = padded(rank);
  low = Buffer<float>(3 * max_batch * low_stride, "the adapter's activations");
  correction_stride = std::max({stream_stride, q_stride, kv_stride, ffn_stride});
  correction = Buffer<float>(3 * max_batch * correction_stride, "the adapter's activations");
}

void Inference::State::check(std::span<const BatchToken> batch) const {
  if (batch.empty() || batch.size() > max_batch) {
    throw std::invalid_argument("a batch of " + std::to_string(batch.size()) + " tokens; 1 to " + std::to_string(max_batch) + " are possible");
  }
  for (size_t i = 0; i < batch.size(); ++i) {
    const BatchToken& token = batch[i];
    if (token.slot >= tables.size()) throw std::invalid_argument("slot " + std::to_string(token.slot) + " does not exist");
    if (token.token >= h.vocabulary) throw std::invalid_argument("token " + std::to_string(token.token) + " is not in the vocabulary");
    if (token.position >= context_length) throw std::invalid_argument("position " + std::to_string(token.position) + " is beyond the context");
    if (token.position / kv_page >= tables[token.slot].size()) {
      throw std::invalid_argument("position " + std::to_string(token.position) + " of slot " + std::to_string(token.slot) + " has no page");
    }
    uint32_t next = lengths[token.slot];
    for (size_t before = i; before > 0; --before) {
      if (batch[before - 1].slot == token.slot) {
        next = batch[before - 1].position + 1;
        break;
      }
    }
    if (token.position != next) {
      throw std::invalid_argument("position " + std::to_string(token.position) + " of slot " + std::to_string(token.slot) + " where " + std::to_string(next) + " comes next");
    }
  }
}

void Inference::State::run(uint32_t rank) {
  embed(rank);
  for (uint32_t layer = 0; layer < h.layers; ++layer) {
    attention_block(w.layers[layer], layer, rank);
    feed_forward_block(w.layers[layer], rank);
  }
  keep_hidden(rank);
  if (!wanted.empty()) make_logits(rank);
}

void Inference::State::embed(uint32_t rank) {
  const DenseView table = w.embedding.view();
  for_own_tokens(rank, [&](uint32_t t) {
    kernels.expand_row(table, tokens[t].token, residual(t));
    rotation.at(tokens[t].position, cosines.data() + static_cast<uint64_t>(t) * rotation.pairs(), sines.data() + static_cast<uint64_t>(t) * rotation.pairs());
  });
}

// Ends at a barrier: all products are there.
void Inference::State::project(std::initializer_list<Projection> projections, const Buffer<float>& norm, uint32_t rank) {
  const auto count = static_cast<uint32_t>(tokens.size());
  if (rank == 0) {
    input.begin(count, h.embedding);
    for (ProductInput& other : apart) other.begin(count, h.embedding);
  }
  team.barrier();
  const bool quantized = std::any_of(projections.begin(), projections.end(), [](const Projection& p) { return p.linear.is_ternary(); });
  for_own_tokens(rank, [&](uint32_t t) {
    norm_into(input, t, residual(t), norm, h.embedding, quantized && !h.projection_norms);
    if (!h.projection_norms) return;
    for (size_t i = projections.size(); i-- > 0;) {  // the first one last: it takes the place of what the others read
      const Projection& projection = projections.begin()[i];
      norm_into(input_of(i), t, input.vector(t), projection.input_norm, h.embedding, projection.linear.is_ternary());
    }
  });
  team.barrier();
  const auto product = [&](size_t i) {
    const Projection& projection = projections.begin()[i];
    return Product{projection.linear, input_of(i), projection.out, projection.out_stride};
  };
  if (projections.size() == 3) multiply_all(std::array{product(0), product(1), product(2)}, rank);
  else multiply_all(std::array{product(0), product(1)}, rank);
  team.barrier();
}

// At most three products.
void Inference::State::multiply_all(std::span<const Product> products, uint32_t rank) {
  bool adapted = false;
  for (size_t i = 0; i < products.size(); ++i) {
    const Product& product = products[i];
    if (!product.linear.adapter) continue;
    adapted = true;
    const DenseView a = product.linear.adapter->a.view();
    float* out = low.data() + i * max_batch * low_stride;
    multiply(kernels, a, product.input, rows_of(share_of(row_units(a.rows), rank, team.size()), a.rows), out, low_stride);
    if (rank == 0) {  // what a higher rank has left there
      for (uint32_t t = 0; t < product.input.tokens(); ++t) std::fill(out + t * low_stride + a.rows, out + t * low_stride + padded(a.rows), 0.0F);
    }
  }
  if (adapted) team.barrier();  // the second matrix reads all that the first gives
  uint32_t units = 0;
  for (const Product& product : products) units += row_units(product.linear.rows());
  team.hand_out(rank, units, [&](uint32_t begin, uint32_t end) { multiply_units(products, {begin, end}, rank); });
}

// Of the products' rows in a row, counted in units.
void Inference::State::multiply_units(std::span<const Product> products, Share units, uint32_t rank) {
  uint32_t first = 0;  // unit of the product that is looked at
  for (size_t i = 0; i < products.size(); ++i) {
    const Product& product = products[i];
    const uint32_t count = row_units(product.linear.rows());
    const Share own{std::clamp(units.begin, first, first + count) - first, std::clamp(units.end, first, first + count) - first};
    first += count;
    if (own.begin == own.end) continue;
    const Share rows = rows_of(own, product.linear.rows());
    multiply(kernels, product.linear, product.input, product_scratch, rank, rows, product.out, product.out_stride);
    if (product.linear.adapter) add_low_rank(product, i, rows);
  }
}

// To rows that have just been computed.
void Inference::State::add_low_rank(const Product& product, size_t place, Share rows) {
  const DenseView b = product.linear.adapter->b.view();
  const float* from = low.data() + place * max_batch * low_stride;
  float* corrections = correction.data() + place * max_batch * correction_stride;
  kernels.dense_matmul(b, from, low_stride, product.input.tokens(), rows.begin, rows.end, corrections, correction_stride);
  for (uint32_t t = 0; t < product.input.tokens(); ++t) {
    float* out = product.out + t * product.out_stride;
    const float* add = corrections + t * correction_stride;
    for (uint32_t r = rows.begin; r < rows.end; ++r) out[r] += add[r];
  }
}

// `head` is [padded(head_dim)] with zeros behind its end.
void Inference::State::turn_head(float* head, const Buffer<float>& norm, uint32_t token) const {
  if (h.head_norms) kernels.rms_norm(head, norm.data(), h.head_dim, h.norm_epsilon, head);
  rotation.turn(head, cosines.data() + static_cast<uint64_t>(token) * rotation.pairs(), sines.data() + static_cast<uint64_t>(token) * rotation.pairs());
}

void Inference::State::attention_block(const LayerWeights& l, uint32_t layer, uint32_t rank) {
  const auto count = static_cast<uint32_t>(tokens.size());
  project({{l.query, l.query_input_norm, queries.data(), q_stride},
           {l.key, l.key_input_norm, keys.data(), kv_stride},
           {l.value, l.value_input_norm, values.data(), kv_stride}},
          l.attention_norm, rank);
  write_keys_and_values(layer, rank);
  if (rank == 0) input.begin(count, h.q_dim());
  team.barrier();
  attend(layer, rank);
  team.barrier();
  for_own_tokens(rank, [&](uint32_t t) {
    const float* x = attended.data() + t * q_stride;
    if (h.sub_norms) {
      norm_into(input, t, x, l.attention_sub_norm, h.q_dim(), l.output.is_ternary());
    } else {
      std::memcpy(input.vector(t), x, q_stride * sizeof(float));
      if (l.output.is_ternary()) input.quantize(kernels, t);
    }
  });
  team.barrier();
  multiply_all(std::array{Product{l.output, input, delta.data(), stream_stride}}, rank);
  team.barrier();
  add_to_stream(rank);
}

void Inference::State::write_keys_and_values(uint32_t layer, uint32_t rank) {
  // Head by head, so that two members seldom write into one line of a page.
  const auto count = static_cast<uint32_t>(tokens.size());
  const Share share = share_of(h.kv_heads * count, rank, team.size());
  const uint32_t width = padded(h.head_dim);
  alignas(64) float key[largest_head_dim];
  alignas(64) float value[largest_head_dim];
  for (uint32_t item = share.begin; item < share.end; ++item) {
    const uint32_t k = item / count;
    const uint32_t t = item % count;
    const uint64_t offset = t * kv_stride + static_cast<uint64_t>(k) * h.head_dim;
    for (float* head : {key, value}) std::memset(head + width - lanes, 0, lanes * sizeof(float));
    std::memcpy(key, keys.data() + offset, h.head_dim * sizeof(float));
    std::memcpy(value, values.data() + offset, h.head_dim * sizeof(float));
    turn_head(key, w.layers[layer].key_head_norm, t);
    const uint32_t position = tokens[t].position;
    cache.write(kernels, tables[tokens[t].slot][position / kv_page], position % kv_page, layer, k, key, value);
  }
}

void Inference::State::attend(uint32_t layer, uint32_t rank) {
  const uint32_t width = padded(h.head_dim);
  alignas(64) float turned[largest_head_dim];
  float* own_scratch = scratch.data() + rank * scratch_stride;
  team.hand_out(rank, 1, [this](uint32_t owner) { return plan.share_of(owner); }, [&](uint32_t begin, uint32_t) {
    const AttentionItem& item = plan.item(begin);
    const uint64_t first_head = static_cast<uint64_t>(item.first_head) * h.head_dim;
    for (uint32_t t = item.first_token; t < item.first_token + item.tokens; ++t) {
      for (uint32_t head = 0; head < item.heads; ++head) {
        float* own = queries.data() + t * q_stride + first_head + static_cast<uint64_t>(head) * h.head_dim;
        std::memset(turned + width - lanes, 0, lanes * sizeof(float));
        std::memcpy(turned, own, h.head_dim * sizeof(float));
        turn_head(turned, w.layers[layer].query_head_norm, t);
        std::memcpy(own, turned, h.head_dim * sizeof(float));
      }
    }
    kernels.attend({.queries = queries.data() + item.first_token * q_stride + first_head,
                    .query_stride = q_stride,
                    .quant = cache.quant(),
                    .cache = cache.run(layer, item.first_head / h.heads_per_kv_head()),
                    .pages = tables[tokens[item.first_token].slot].data(),
                    .page_stride = cache.page_stride(),
                    .tokens = item.tokens,
                    .heads = item.heads,
                    .head_dim = h.head_dim,
                    .positions = reach.data() + item.first_token,
                    .scale = 1.0F / __builtin_sqrtf(static_cast<float>(h.head_dim)),
                    .scores = scores.data() + rank * attention_tokens * attention_heads * score_stride,
                    .score_stride = score_stride,
                    .sums = own_scratch,
                    .page = own_scratch + static_cast<uint64_t>(attention_tokens) * attention_heads * width,
                    .out = attended.data() + item.first_token * q_stride + first_head,
                    .out_stride = q_stride});
  });
}

void Inference::State::feed_forward_block(const LayerWeights& l, uint32_t rank) {
  const auto count = static_cast<uint32_t>(tokens.size());
  project({{l.gate, l.gate_input_norm, gate.data(), ffn_stride}, {l.up, l.up_input_norm, up.data(), ffn_stride}}, l.ffn_norm, rank);
  if (rank == 0) input.begin(count, h.feed_forward);
  team.barrier();
  const auto apply_gate = h.gate == GateActivation::relu_squared ? kernels.gate_relu_squared : kernels.gate_silu;
  for_own_tokens(rank, [&](uint32_t t) {
    float* x = input.vector(t);
    apply_gate(gate.data() + t * ffn_stride, up.data() + t * ffn_stride, h.feed_forward, x);
    if (h.sub_norms) norm_into(input, t, x, l.ffn_sub_norm, h.feed_forward, l.down.is_ternary());
    else if (l.down.is_ternary()) input.quantize(kernels, t);
  });
  team.barrier();
  multiply_all(std::array{Product{l.down, input, delta.data(), stream_stride}}, rank);
  team.barrier();
  add_to_stream(rank);
}

void Inference::State::add_to_stream(uint32_t rank) {
  for_own_tokens(rank, [&](uint32_t t) {
    float* x = residual(t);
    const float* d = delta.data() + t * stream_stride;
    for (uint32_t i = 0; i < h.embedding; ++i) x[i] += d[i];
  });
}

// Each member keeps what it has itself added to last.
void Inference::State::keep_hidden(uint32_t rank) {
  uint32_t place = 0;
  for (uint32_t t = 0; t < tokens.size(); ++t) {
    if (!tokens[t].want_hidden) continue;
    float* out = hidden.data() + place++ * stream_stride;
    if (t % team.size() == rank) kernels.rms_norm(residual(t), w.output_norm.data(), h.embedding, h.norm_epsilon, out);
  }
}

void Inference::State::make_logits(uint32_t rank) {
  const auto count = static_cast<uint32_t>(wanted.size());
  if (rank == 0) input.begin(count, h.embedding);
  team.barrier();
  const bool quantized = w.head && w.head->is_ternary();
  for (uint32_t i = rank; i < count; i += team.size()) {
    norm_into(input, i, residual(wanted[i]), w.output_norm, h.embedding, quantized);
    if (w.rounded_head) head_input->quantize(head_kernels, i, input.vector(i));
  }
  team.barrier();
  if (w.rounded_head) {
    const HeadView head = w.rounded_head->view();
    team.hand_out(rank, row_blocks(head.rows), [&](uint32_t begin, uint32_t end) {
      head_kernels.matmul(head, head_input->view(count), begin, end, logits.data(), h.vocabulary);
    });
    return;
  }
  const uint32_t rows = w.head ? w.head->rows() : w.embedding.view().rows;
  team.hand_out(rank, row_units(rows), [&](uint32_t begin, uint32_t end) {
    const Share share = rows_of({begin, end}, rows);
    if (w.head) multiply(kernels, *w.head, input, product_scratch, rank, share, logits.data(), h.vocabulary);
    else multiply(kernels, w.embedding.view(), input, share, logits.data(), h.vocabulary);
  });
}

Inference::Inference(const Model& model, const InferenceOptions& options) : state_(std::make_unique<State>(model, options)) {}
Inference::~Inference() = default;

std::span<const float> Inference::step(std::span<const BatchToken> batch) {
  State& s = *state_;
  s.check(batch);
  s.tokens = batch;
  s.wanted.clear();
  for (uint32_t t = 0; t < batch.size(); ++t) {
    if (batch[t].want_logits) s.wanted.push_back(t);
  }
  s.reach.clear();
  s.slots.clear();
  for (const BatchToken& token : batch) {
    s.reach.push_back(token.position + 1);
    s.slots.push_back(token.slot);
  }
  if (!s.h.causal) {
    std::vector<uint32_t> ends(s.tables.size(), 0);  // the last token of a slot comes first here
    for (size_t t = batch.size(); t-- > 0;) {
      uint32_t& end = ends[batch[t].slot];
      if (end == 0) end = batch[t].position + 1;
      s.reach[t] = end;
    }
  }
  s.plan.make(s.slots, s.reach, s.h.heads, s.h.heads_per_kv_head(), s.team.size());
  s.team.run([&s](uint32_t rank) { s.run(rank); });
  for (const BatchToken& token : batch) s.lengths[token.slot] = token.position + 1;
  s.tokens = {};
  s.rows_read += batch.size();
  if (s.rows_read >= remembered_rows) {
    s.w.embedding.forget_rows();
    s.rows_read = 0;
  }
  return {s.logits.data(), s.wanted.size() * s.h.vocabulary};
}

std::span<const float> Inference::hidden(uint32_t n) const {
  return {state_->hidden.data() + n * state_->stream_stride, state_->h.embedding};
}

void Inference::truncate(uint32_t slot, uint32_t positions) {
  uint32_t& length = state_->length_of(slot);
  length = std::min(length, positions);
}

void Inference::map(uint32_t slot, std::span<const uint32_t> pages, uint32_t positions) {
  uint32_t& length = state_->length_of(slot);
  for (const uint32_t page : pages) state_->check_page(page);
  if (positions > pages.size() * uint64_t{kv_page}) throw std::invalid_argument("more positions than the pages hold");
  state_->tables[slot].assign(pages.begin(), pages.end());
  length = positions;
}

void Inference::copy_page(uint32_t from, uint32_t to) {
  state_->check_page(from);
  state_->check_page(to);
  if (from != to) state_->cache.copy_page(from, to);
}

uint32_t Inference::positions(uint32_t slot) const { return state_->length_of(slot); }
uint32_t Inference::context_length() const { return state_->context_length; }
uint32_t Inference::kv_pages() const { return state_->cache.pages(); }
uint64_t Inference::kv_cache_bytes() const { return state_->cache.bytes(); }
KernelSet Inference::kernels() const { return state_->kernels.set; }

}  // namespace bitfleet
