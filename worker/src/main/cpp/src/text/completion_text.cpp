#include "text/completion_text.h"

#include <algorithm>
#include <utility>

namespace bitfleet {

CompletionText::CompletionText(std::vector<std::string> stops) : stops_(std::move(stops)), matcher_(stops_) {}

CompletionText::Settled CompletionText::release(size_t text_end, size_t tokens) {
  Settled settled;
  settled.tokens = tokens;
  const size_t length = text_end - released_;
  const size_t skipped = std::min(length, suppressed_ > released_ ? suppressed_ - released_ : 0);
  settled.text = held_.substr(skipped, length - skipped);
  held_.erase(0, length);
  released_ = text_end;
  ends_.erase(ends_.begin(), ends_.begin() + static_cast<std::ptrdiff_t>(tokens));
  return settled;
}

CompletionText::Settled CompletionText::push(std::string_view bytes, const std::function<bool(size_t begin)>& may_end) {
  if (!bytes.empty()) unfinished_suppressed_ = false;
  std::string whole;
  utf8_.push(bytes, whole);
  held_.append(whole);
  ends_.push_back({released_ + held_.size(), utf8_.held() == 0});
  if (const auto match = matcher_.push(whole, may_end)) {
    // Text before released_ is gone; a stop cannot begin there, because its beginning would have been held. It can
    // begin before suppressed_, when the caller resumes what had already ended.
    const size_t text_end = std::max(match->begin, released_);
    size_t tokens = 0;
    for (size_t begin = released_; tokens < ends_.size() && begin < text_end; ++tokens) begin = ends_[tokens].text_end;
    const size_t cut = tokens > 0 ? ends_[tokens - 1].text_end - text_end : 0;
    Settled settled = release(text_end, tokens);
    settled.cut = cut;
    settled.stop = match->stop;
    return settled;
  }
  const size_t safe = released_ + held_.size() - matcher_.held();
  size_t tokens = 0;
  size_t text_end = released_;
  for (size_t i = 0; i < ends_.size() && ends_[i].text_end <= safe; ++i) {
    if (!ends_[i].whole) continue;
    tokens = i + 1;
    text_end = ends_[i].text_end;
  }
  return release(text_end, tokens);
}

CompletionText::Settled CompletionText::finish() {
  std::string rest;
  utf8_.finish(rest);
  held_.append(rest);
  if (unfinished_suppressed_) suppressed_ = released_ + held_.size();
  // U+FFFD can complete a stop string only if the stop holds one; the text has ended, so it is left in.
  return release(released_ + held_.size(), ends_.size());
}

void CompletionText::suppress() {
  suppressed_ = released_ + held_.size();
  unfinished_suppressed_ = utf8_.held() > 0;
}

}  // namespace bitfleet
