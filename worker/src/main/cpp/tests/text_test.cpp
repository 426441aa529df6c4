#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "text/completion_text.h"
#include "text/stop_matcher.h"
#include "text/utf8.h"

using namespace bitfleet;

namespace {

const std::string fffd = "\xEF\xBF\xBD";

// The match that is complete first; of those with the same end the longest. Straight from the definition.
struct NaiveMatch {
  size_t stop, begin, end;
};
std::optional<NaiveMatch> naive_match(const std::string& text, const std::vector<std::string>& stops) {
  for (size_t end = 1; end <= text.size(); ++end) {
    std::optional<NaiveMatch> best;
    for (size_t i = 0; i < stops.size(); ++i) {
      const size_t length = stops[i].size();
      if (length == 0 || length > end || text.compare(end - length, length, stops[i]) != 0) continue;
      if (!best || end - length < best->begin) best = NaiveMatch{i, end - length, end};
    }
    if (best) return best;
  }
  return std::nullopt;
}

size_t naive_held(const std::string& text, const std::vector<std::string>& stops) {
  size_t held = 0;
  for (const auto& stop : stops) {
    for (size_t length = std::min(stop.size(), text.size()); length > held; --length) {
      if (text.ends_with(stop.substr(0, length))) held = length;
    }
  }
  return held;
}

}  // namespace

TEST(utf8_reads_what_the_standard_calls_well_formed) {
  for (uint32_t code_point : {0u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xD7FFu, 0xE000u, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    std::string text;
    append_utf8(text, code_point);
    const Utf8Unit unit = read_utf8(text);
    CHECK(unit.kind == Utf8Unit::Kind::whole);
    CHECK_EQUAL(code_point, unit.code_point);
    CHECK_EQUAL(text.size(), unit.length);
  }
  for (const char* bad : {"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
                          "\xF5\x80\x80\x80", "\x80", "\xFF", "\xC3(", "\xE4\xB8"}) {
    CHECK(!is_utf8(bad));
  }
}

TEST(invalid_bytes_become_replacement_characters_by_maximal_subparts) {
  // Table 3-8 of the Unicode Standard.
  CHECK_EQUAL("a" + fffd + fffd + fffd + "b" + fffd + "c" + fffd + fffd + "d",
              replace_invalid_utf8("a\xF1\x80\x80\xE1\x80\xC2" "b\x80" "c\x80\xBF" "d"));
}

TEST(held_utf8_does_not_depend_on_the_cuts) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes;
    for (uint32_t n = random() % 12; n > 0; --n) {
      static const char* parts[] = {"a", "é", "世", "🙂", "\xE4", "\xB8", "\xF0\x9F", "\xFF", "\xC3", "\xED\xA0"};
      bytes += parts[random() % 10];
    }
    Utf8Holdback holdback;
    std::string out;
    for (size_t i = 0; i < bytes.size();) {
      const size_t length = std::min<size_t>(bytes.size() - i, random() % 3 + 1);
      holdback.push(std::string_view(bytes).substr(i, length), out);
      CHECK(is_utf8(out));
      CHECK(holdback.held() <= 3);
      i += length;
    }
    holdback.finish(out);
    CHECK_EQUAL(replace_invalid_utf8(bytes), out);
  }
}

TEST(invalid_bytes_leave_as_soon_as_they_are_known) {
  Utf8Holdback holdback;
  std::string out;
  holdback.push("\xE4\xB8", out);
  CHECK_EQUAL(std::string(), out);
  holdback.push("x", out);
  CHECK_EQUAL(fffd + "x", out);
}

TEST(stop_matcher_agrees_with_the_naive_search) {
  std::mt19937 random(11);
  for (int round = 0; round < 30'000; ++round) {
    const auto word = [&](uint32_t most) {
      std::string text;
      for (uint32_t n = random() % most + 1; n > 0; --n) text += static_cast<char>('a' + random() % 2);
      return text;
    };
    std::vector<std::string> stops;
    for (uint32_t n = random() % 4; n > 0; --n) stops.push_back(word(6));
    const std::string text = word(24);
    StopMatcher matcher(stops);
    const auto expected = naive_match(text, stops);
    std::optional<StopMatcher::Match> found;
    size_t i = 0;
    while (i < text.size() && !found) {
      const size_t length = std::min<size_t>(text.size() - i, random() % 4 + 1);
      found = matcher.push(std::string_view(text).substr(i, length));
      i += length;
      if (!found) CHECK_EQUAL(naive_held(text.substr(0, i), stops), matcher.held());
    }
    CHECK_EQUAL(expected.has_value(), found.has_value());
    if (found) {
      CHECK_EQUAL(expected->begin, found->begin);
      CHECK_EQUAL(expected->end, found->end);
      CHECK_EQUAL(stops[expected->stop], stops[found->stop]);
    }
  }
}

TEST(pieces_are_exactly_the_text_of_their_tokens) {
  std::mt19937 random(13);
  static const char* alphabet[] = {"a", "b", "ab", "<", "</", "s>", "é", "世", "\xE4", "\xB8\x96", "", "\xFF", "x<"};
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::string> stops;
    for (uint32_t n = random() % 3; n > 0; --n) stops.push_back(std::vector<std::string>{"</s>", "ab<", "世é", "bb", "a"}[random() % 5]);
    std::vector<std::string> tokens;
    for (uint32_t n = random() % 14 + 1; n > 0; --n) tokens.push_back(alphabet[random() % 13]);
    std::string bytes;
    for (const auto& token : tokens) bytes += token;
    const std::string whole = replace_invalid_utf8(bytes);
    const auto stop = naive_match(whole, stops);

    CompletionText text(stops);
    std::string sent;
    size_t sent_tokens = 0;
    std::optional<size_t> stopped;
    std::vector<size_t> borders;  // token counts at which a piece ended
    for (const auto& token : tokens) {
      const auto settled = text.push(token);
      CHECK(is_utf8(settled.text));
      CHECK(settled.tokens > 0 || settled.text.empty());
      sent += settled.text;
      sent_tokens += settled.tokens;
      if (settled.tokens > 0 && !settled.stop) borders.push_back(sent_tokens);
      if (!settled.stop) {
        std::string so_far;
        for (size_t i = 0; i < sent_tokens; ++i) so_far += tokens[i];
        CHECK_EQUAL(replace_invalid_utf8(so_far), sent);
      }
      stopped = settled.stop;
      if (stopped) break;
    }
    // A stop that U+FFFD for an unfinished end would complete does not count: the text has ended.
    if (stopped) {
      CHECK(stop.has_value());
      CHECK_EQUAL(stops[stop->stop], stops[*stopped]);
      CHECK_EQUAL(whole.substr(0, stop->begin), sent);
    } else {
      CHECK(!stop);
      const auto rest = text.finish();
      CHECK_EQUAL(whole, sent + rest.text);
      CHECK_EQUAL(tokens.size(), sent_tokens + rest.tokens);
    }

    // Going on elsewhere from any border repeats nothing and loses nothing.
    for (size_t border : borders) {
      CompletionText resumed(stops);
      std::string prefix;
      for (size_t i = 0; i < border; ++i) {
        CHECK(!resumed.push(tokens[i]).stop);
        prefix += tokens[i];
      }
      resumed.suppress();
      std::string again = replace_invalid_utf8(prefix);
      std::optional<size_t> stopped_again;
      for (size_t i = border; i < tokens.size() && !stopped_again; ++i) {
        const auto settled = resumed.push(tokens[i]);
        again += settled.text;
        stopped_again = settled.stop;
      }
      if (!stopped_again) again += resumed.finish().text;
      CHECK_EQUAL(stop ? whole.substr(0, std::max(stop->begin, replace_invalid_utf8(prefix).size())) : whole, again);
    }
  }
}

TEST(a_stop_string_across_tokens_is_held_and_not_emitted) {
  CompletionText text({"\n\nUser:"});
  CHECK_EQUAL(std::string("Hello."), text.push("Hello.").text);
  CHECK_EQUAL(std::string(), text.push("\n").text);
  CHECK_EQUAL(std::string(), text.push("\nUs").text);
  const auto settled = text.push("er: hi");
  CHECK(settled.stop.has_value());
  CHECK_EQUAL(std::string(), settled.text);
  CHECK_EQUAL(0u, settled.tokens);
}

TEST(tokens_of_a_stop_string_do_not_come_out_and_the_one_it_begins_in_does) {
  CompletionText text({"e com"});
  CHECK_EQUAL(1u, text.push("Why").tokens);
  CHECK_EQUAL(1u, text.push(" did").tokens);
  CHECK_EQUAL(0u, text.push(" the").tokens);
  const auto settled = text.push(" computer");
  CHECK_EQUAL(std::string(" th"), settled.text);
  CHECK_EQUAL(1u, settled.tokens);
}

TEST(a_false_alarm_comes_out_with_the_token_that_settles_it) {
  CompletionText text({"</s>"});
  CHECK_EQUAL(0u, text.push("a</").tokens);
  const auto settled = text.push("p>");
  CHECK_EQUAL(std::string("a</p>"), settled.text);
  CHECK_EQUAL(2u, settled.tokens);
}

TEST(an_unfinished_character_at_the_end_becomes_a_replacement_character) {
  CompletionText text({});
  CHECK_EQUAL(0u, text.push("\xF0\x9F").tokens);
  const auto rest = text.finish();
  CHECK_EQUAL(fffd, rest.text);
  CHECK_EQUAL(1u, rest.tokens);
}

TEST(a_resumed_completion_that_ends_in_half_a_character_does_not_repeat_it) {
  CompletionText text({});
  text.push("a\xF0\x9F");
  text.suppress();
  CHECK_EQUAL(std::string(), text.finish().text);
}

TEST(a_stop_within_a_token_takes_its_end_off) {
  CompletionText text({"<end>"});
  CHECK_EQUAL(std::string(), text.push("a<").text);  // may be one
  const auto settled = text.push("end>b");
  CHECK(settled.stop.has_value());
  CHECK_EQUAL(std::string("a"), settled.text);
  CHECK_EQUAL(size_t{1}, settled.tokens);
  CHECK_EQUAL(size_t{1}, settled.cut);
  CompletionText other({"<end>"});
  other.push("a");
  CHECK_EQUAL(size_t{0}, other.push("<end>").cut);
}
