#include "model/prepared_weights.h"

#include <new>

#include "model/prepared_file.h"

namespace bitfleet {
namespace {

// The same walk writes and reads, so the two cannot differ. `Archive` is PreparedWriter or PreparedReader.
template <typename Archive>
void pass(Archive& archive, Buffer<float>& values) {
  archive.array(values, "norms", Pages::small);
}

template <typename Archive>
void pass(Archive& archive, Linear& linear) {
  if constexpr (Archive::reads) {
    if (archive.number(1) == 0) linear.matrix = TernaryWeights();
    else linear.matrix = DenseWeights();
  } else {
    archive.number(linear.is_ternary() ? 0 : 1);
  }
  std::visit([&](auto& matrix) { matrix.pass(archive); }, linear.matrix);
}

template <typename Archive, typename T>
void pass_optional(Archive& archive, std::optional<T>& value, auto pass_value) {
  if constexpr (Archive::reads) {
    if (archive.number(1) == 1) pass_value(value.emplace());
  } else {
    archive.number(value ? 1 : 0);
    if (value) pass_value(*value);
  }
}

template <typename Archive>
void pass(Archive& archive, LayerWeights& l) {
  for (Buffer<float>* norm : {&l.attention_norm, &l.query_input_norm, &l.key_input_norm, &l.value_input_norm, &l.query_head_norm, &l.key_head_norm,
                              &l.attention_sub_norm, &l.ffn_norm, &l.gate_input_norm, &l.up_input_norm, &l.ffn_sub_norm}) {
    pass(archive, *norm);
  }
  for (Linear* linear : {&l.query, &l.key, &l.value, &l.output, &l.gate, &l.up, &l.down}) pass(archive, *linear);
}

template <typename Archive>
void pass(Archive& archive, PreparedModel& model, const Hyperparameters& h, bool embedding_apart) {
  Weights& w = *model.weights;
  if constexpr (Archive::reads) {
    Fingerprint::State state;
    for (uint64_t& lane : state) lane = archive.number(UINT64_MAX);
    model.print.resume(state);
    model.parameters = archive.number(UINT64_MAX);
    model.assumptions.resize(archive.number(1000));
    for (std::string& assumption : model.assumptions) assumption = archive.text();
    w.rope_factors.resize(archive.number(h.rope_dim));
    for (float& factor : w.rope_factors) factor = archive.real();
    w.layers.resize(h.layers);
  } else {
    for (const uint64_t lane : model.print.state()) archive.number(lane);
    archive.number(model.parameters);
    archive.number(model.assumptions.size());
    for (const std::string& assumption : model.assumptions) archive.text(assumption);
    archive.number(w.rope_factors.size());
    for (const float factor : w.rope_factors) archive.real(factor);
  }
  if (!embedding_apart) w.embedding.pass(archive);
  for (LayerWeights& layer : w.layers) pass(archive, layer);
  pass(archive, w.output_norm);
  pass_optional(archive, w.head, [&](Linear& head) { pass(archive, head); });
  pass_optional(archive, w.rounded_head, [&](HeadWeights& head) { head.pass(archive); });
}

bool holds(const Linear& linear, uint32_t rows, uint32_t columns) {
  return std::visit([&](const auto& matrix) { return matrix.holds(rows, columns); }, linear.matrix);
}

bool is_long(const Buffer<float>& norm, uint32_t length, bool there = true) { return norm.size() == (there ? padded(length) : 0); }

// Checksums tell damage; this tells a file that is whole and wrong, before a kernel reads beyond an array.
bool fits(const Weights& w, const Hyperparameters& h, bool embedding_apart) {
  if (!embedding_apart && !w.embedding.holds(h.vocabulary, h.embedding)) return false;
  if (!is_long(w.output_norm, h.embedding)) return false;
  if (w.head && !holds(*w.head, h.vocabulary, h.embedding)) return false;
  if (w.rounded_head && !w.rounded_head->holds(h.vocabulary, h.embedding)) return false;
  if (embedding_apart && !w.head && !w.rounded_head) return false;
  if (!w.rope_factors.empty() && w.rope_factors.size() != h.rope_dim / 2) return false;
  for (const float factor : w.rope_factors) {
    if (!(factor > 0)) return false;
  }
  for (const LayerWeights& l : w.layers) {
    const bool norms = is_long(l.attention_norm, h.embedding) && is_long(l.query_input_norm, h.embedding, h.projection_norms) &&
                       is_long(l.key_input_norm, h.embedding, h.projection_norms) && is_long(l.value_input_norm, h.embedding, h.projection_norms) &&
                       is_long(l.query_head_norm, h.head_dim, h.head_norms) && is_long(l.key_head_norm, h.head_dim, h.head_norms) &&
                       is_long(l.attention_sub_norm, h.q_dim(), h.sub_norms) && is_long(l.ffn_norm, h.embedding) &&
                       is_long(l.gate_input_norm, h.embedding, h.projection_norms) && is_long(l.up_input_norm, h.embedding, h.projection_norms) &&
                       is_long(l.ffn_sub_norm, h.feed_forward, h.sub_norms);
    const bool matrices = holds(l.query, h.q_dim(), h.embedding) && holds(l.key, h.kv_dim(), h.embedding) && holds(l.value, h.kv_dim(), h.embedding) &&
                          holds(l.output, h.embedding, h.q_dim()) && holds(l.gate, h.feed_forward, h.embedding) &&
                          holds(l.up, h.feed_forward, h.embedding) && holds(l.down, h.embedding, h.feed_forward);
    if (!norms || !matrices) return false;
  }
  return true;
}

}  // namespace

std::optional<PreparedModel> read_prepared(const std::filesystem::path& path, std::string_view key, const Hyperparameters& h, bool embedding_apart,
                                           ThreadTeam& team) {
  auto reader = PreparedReader::open(path, key);
  if (!reader) return std::nullopt;
  PreparedModel model;
  model.weights = std::make_unique<Weights>();
  try {
    pass(*reader, model, h, embedding_apart);
  } catch (const PreparedReader::Damaged&) {
    return std::nullopt;
  }
  if (!fits(*model.weights, h, embedding_apart) || !reader->load(team)) return std::nullopt;
  return model;
}

std::optional<std::string> write_prepared(const std::filesystem::path& path, std::string_view key, const Hyperparameters& h, bool embedding_apart,
                                          PreparedModel& model) {
  try {
    PreparedWriter writer(path, key);
    pass(writer, model, h, embedding_apart);
    writer.commit();
    return std::nullopt;
  } catch (const std::filesystem::filesystem_error& error) {
    return error.code().message();
  }
}

}  // namespace bitfleet
