#include "tools/synthetic_tokenizer.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include "model/model_error.h"

namespace bitfleet::tools {
namespace {

constexpr std::string_view common_words =
    "the of and to in is that it was for on are as with his they at be this have from or one had by word but not what all were "
    "we when your can said there use an each which she do how their if will up other about out many then them these so some her "
    "would make like him into time has look two more write go see number no way could people my than first water been call who "
    "oil its now find long down day did get come made may part hello world computer model language question answer please thank "
    "you good morning name capital France tell joke count ten five three four six seven eight nine zero yes maybe because while "
    "where very after again every under keep never last let thought city tree cross farm hard start might story saw far sea draw "
    "left late run while press close night real life few north open seem together next white children begin got walk example";

constexpr std::string_view chat_template =
    "{% for message in messages %}{% if loop.first %}{{ bos_token }}{% endif %}{{ message['role'] | capitalize }}: "
    "{{ message['content'] | trim }}<|eot_id|>{% endfor %}{% if add_generation_prompt %}Assistant: {% endif %}";

std::string utf8(uint32_t code) {
  std::string text;
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0 | code >> 6);
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    text += static_cast<char>(0xE0 | code >> 12);
    text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  }
  return text;
}

// The 256 letters of byte-level BPE, in byte order. Source: bytes_to_unicode in OpenAI's GPT-2 encoder.py.
std::vector<std::string> byte_letters() {
  std::vector<std::string> letters;
  uint32_t next = 256;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    letters.push_back(utf8(printable ? byte : next++));
  }
  return letters;
}

// Grows a vocabulary by merges of two tokens that are already in it, until it is full.
class MergeTable {
 public:
  MergeTable(std::vector<std::string>& tokens, size_t full) : tokens_(tokens), full_(full), known_(tokens.begin(), tokens.end()) {}

  bool full() const { return tokens_.size() >= full_; }

  void merge(const std::string& left, const std::string& right) {
    if (full() || !known_.contains(left) || !known_.contains(right)) return;
    const std::string both = left + right;
    if (!known_.insert(both).second) return;
    tokens_.push_back(both);
    merges_.push_back(left + " " + right);
  }

  // Letter by letter from the left, so that every stage is a token.
  void merge_word(const std::vector<std::string>& letters) {
    std::string built = letters.front();
    for (size_t i = 1; i < letters.size(); ++i) {
      merge(built, letters[i]);
      built += letters[i];
    }
  }

  const std::vector<std::string>& merges() const { return merges_; }

 private:
  std::vector<std::string>& tokens_;
  size_t full_;
  std::unordered_set<std::string> known_;
  std::vector<std::string> merges_;
};

// Words with and without a leading space, then every two-, three- and four-letter string until the vocabulary is full.
void fill(MergeTable& table, const std::string& space) {
  for (size_t start = 0; start < common_words.size();) {
    const size_t end = std::min(common_words.find(' ', start), common_words.size());
    std::vector<std::string> letters;
    for (const char c : common_words.substr(start, end - start)) letters.emplace_back(1, c);
    std::vector<std::string> spaced = letters;
    spaced.insert(spaced.begin(), space);
    table.merge_word(spaced);
    table.merge_word(letters);
    start = end + 1;
  }
  std::vector<std::string> pairs;
  for (char a = 'a'; a <= 'z'; ++a) {
    table.merge(space, std::string(1, a));
    for (char b = 'a'; b <= 'z'; ++b) {
      table.merge(std::string(1, a), std::string(1, b));
      pairs.push_back({a, b});
    }
  }
  for (char a = '0'; a <= '9'; ++a) {
    for (char b = '0'; b <= '9'; ++b) {
      table.merge(std::string(1, a), std::string(1, b));
      for (char c = '0'; c <= '9'; ++c) table.merge({a, b}, std::string(1, c));
    }
  }
  for (const std::string& pair : pairs) {
    for (char c = 'a'; c <= 'z'; ++c) table.merge(pair, std::string(1, c));
  }
  for (const std::string& left : pairs) {
    for (const std::string& right : pairs) {
      if (table.full()) return;
      table.merge(left, right);
    }
  }
}

void require_room(uint32_t vocabulary, uint32_t least) {
  if (vocabulary < least || vocabulary > 400000) {
    throw ModelError(ModelErrorCode::unsupported_model, "a made-up tokenizer has " + std::to_string(least) + " to 400000 tokens, not " + std::to_string(vocabulary));
  }
}

constexpr int32_t normal = 1, unknown = 2, control = 3, byte_type = 6;

void add_gpt2(GgufWriter& writer, uint32_t vocabulary) {
  const uint32_t special_count = vocabulary >= 4096 ? 256 : 10;
  require_room(vocabulary, 256 + special_count);
  const uint32_t base = vocabulary - special_count;
  std::vector<std::string> tokens = byte_letters();
  MergeTable table(tokens, base);
  fill(table, byte_letters()[' ']);
  std::vector<int32_t> types(base, normal);
  uint32_t reserved = 0;
  for (uint32_t i = 0; i < special_count; ++i) {
    switch (i) {
      case 0: tokens.emplace_back("<|begin_of_text|>"); break;
      case 1: tokens.emplace_back("<|end_of_text|>"); break;
      case 6: tokens.emplace_back("<|start_header_id|>"); break;
      case 7: tokens.emplace_back("<|end_header_id|>"); break;
      case 9: tokens.emplace_back("<|eot_id|>"); break;
      default: tokens.push_back("<|reserved_special_token_" + std::to_string(reserved++) + "|>"); break;
    }
    types.push_back(control);
  }
  writer.add_text("tokenizer.ggml.model", "gpt2");
  writer.add_text("tokenizer.ggml.pre", "llama-bpe");
  writer.add_texts("tokenizer.ggml.tokens", tokens);
  writer.add_i32s("tokenizer.ggml.token_type", types);
  writer.add_texts("tokenizer.ggml.merges", table.merges());
  writer.add_u32("tokenizer.ggml.bos_token_id", base);
  writer.add_u32("tokenizer.ggml.eos_token_id", base + 1);
  writer.add_u32("tokenizer.ggml.eot_token_id", base + 9);
  writer.add_bool("tokenizer.ggml.add_bos_token", true);
  writer.add_text("tokenizer.chat_template", chat_template);
}

void add_llama(GgufWriter& writer, uint32_t vocabulary) {
  const std::string space = utf8(0x2581);
  std::vector<std::string> tokens{"<unk>", "<s>", "</s>"};
  std::vector<int32_t> types{unknown, control, control};
  constexpr char digits[] = "0123456789ABCDEF";
  for (uint32_t byte = 0; byte < 256; ++byte) {
    tokens.push_back(std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + ">");
    types.push_back(byte_type);
  }
  require_room(vocabulary, static_cast<uint32_t>(tokens.size()) + 96);
  tokens.push_back(space);
  for (char c = '!'; c <= '~'; ++c) tokens.emplace_back(1, c);
  MergeTable table(tokens, vocabulary);
  fill(table, space);
  types.resize(tokens.size(), normal);
  std::vector<float> scores(tokens.size(), 0.0F);
  for (size_t i = 259; i < scores.size(); ++i) scores[i] = -static_cast<float>(i - 259);  // earlier pieces merge first
  writer.add_text("tokenizer.ggml.model", "llama");
  writer.add_texts("tokenizer.ggml.tokens", tokens);
  writer.add_f32s("tokenizer.ggml.scores", scores);
  writer.add_i32s("tokenizer.ggml.token_type", types);
  writer.add_u32("tokenizer.ggml.bos_token_id", 1);
  writer.add_u32("tokenizer.ggml.eos_token_id", 2);
  writer.add_u32("tokenizer.ggml.unknown_token_id", 0);
  writer.add_bool("tokenizer.ggml.add_bos_token", true);
  writer.add_bool("tokenizer.ggml.add_eos_token", false);
}

}  // namespace

void add_synthetic_tokenizer(GgufWriter& writer, TokenizerKind kind, uint32_t vocabulary) {
  if (kind == TokenizerKind::gpt2) add_gpt2(writer, vocabulary);
  else add_llama(writer, vocabulary);
}

}  // namespace bitfleet::tools
