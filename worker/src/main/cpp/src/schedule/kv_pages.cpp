#include "schedule/kv_pages.h"

#include <algorithm>

#include "model/kv_cache.h"

namespace bitfleet {
namespace {

uint32_t common_beginning(std::span<const uint32_t> a, std::span<const uint32_t> b) {
  return static_cast<uint32_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

bool KvPages::InOrder::before(const Key& a, const Key& b) {
  if (a.parent != b.parent) return a.parent < b.parent;
  if (a.scope != b.scope) return a.scope < b.scope;
  return std::ranges::lexicographical_compare(a.tokens, b.tokens);
}

KvPages::KvPages(StepModel& model, uint32_t slots) : model_(model), pages_(model.kv_pages()), rows_(slots), index_(InOrder{&pages_}) {
  // Taken from the back: a lightly used cache stays within its first pages, and the rest never becomes resident.
  for (uint32_t page = size(); page > 0; --page) free_.push_back(page - 1);
  for (uint32_t slot = 0; slot < slots; ++slot) model_.map(slot, {}, 0);
}

std::optional<uint32_t> KvPages::take_slot() {
  const auto row = std::ranges::find_if(rows_, [](const Row& r) { return !r.taken; });
  if (row == rows_.end()) return std::nullopt;
  row->taken = true;
  return static_cast<uint32_t>(row - rows_.begin());
}

void KvPages::release(uint32_t slot) {
  clear(slot);
  rows_[slot].taken = false;
}

std::optional<uint32_t> KvPages::begin(uint32_t slot, std::span<const uint32_t> tokens, uint64_t cache_scope, Sharing sharing, uint32_t spare) {
  Row& row = rows_[slot];
  row.scope = cache_scope;
  row.sharing = sharing;
  if (sharing == Sharing::both) adopt_full_pages(row, tokens);
  const uint64_t needed = pages_for(static_cast<uint32_t>(tokens.size())) - row.pages.size();
  if (needed + spare > available()) {
    clear(slot);
    return std::nullopt;
  }
  if (sharing == Sharing::both) copy_partial_page(row, tokens);
  tell(slot);
  return row.length();
}

uint32_t KvPages::go_on(uint32_t slot, std::span<const uint32_t> tokens) {
  Row& row = rows_[slot];
  if (row.sharing != Sharing::both || !row.tail.empty()) return row.length();
  const uint32_t before = row.length();
  adopt_full_pages(row, tokens);
  copy_partial_page(row, tokens);
  if (row.length() != before) tell(slot);
  return row.length();
}

KvPages::Match KvPages::longest_match(const Key& key) const {
  Match best;
  const auto consider = [&](uint32_t page) {
    const Page& listed = pages_[page];
    if (listed.parent != key.parent || listed.scope != key.scope) return;
    const uint32_t common = common_beginning(listed.tokens, key.tokens);
    if (common > best.common) best = {page, common};
  };
  const auto next = index_.lower_bound(key);
  if (next != index_.end()) consider(*next);
  if (next != index_.begin()) consider(*std::prev(next));
  return best;
}

void KvPages::adopt_full_pages(Row& row, std::span<const uint32_t> tokens) {
  for (;;) {
    const auto rest = tokens.subspan(row.length());
    if (rest.size() <= kv_page) return;  // the last token is never taken over
    const Match match = longest_match({parent_of_next(row), row.scope, rest.first(kv_page)});
    if (match.common < kv_page) return;
    drop_reserved(row);
    read(match.page);
    row.pages.push_back(match.page);
    ++row.sealed;
  }
}

void KvPages::copy_partial_page(Row& row, std::span<const uint32_t> tokens) {
  const auto rest = tokens.subspan(row.length(), tokens.size() - row.length() - 1);
  const auto wanted = rest.first(std::min<size_t>(rest.size(), kv_page));
  const Match match = longest_match({parent_of_next(row), row.scope, wanted});
  if (match.common == 0) return;
  drop_reserved(row);
  read(match.page);  // so that it is not the page that makes room for its copy
  auto page = take_page();
  if (page) {
    model_.copy_page(match.page, *page);
    unread(match.page);
  } else {
    unread(match.page);
    // The last page there is: it is taken over, when nobody else needs it.
    if (pages_[match.page].readers > 0 || pages_[match.page].children > 0) return;
    unlist(match.page);
    page = match.page;
    free_.pop_back();
  }
  pages_[*page].readers = 1;
  row.pages.push_back(*page);
  row.tail.assign(wanted.begin(), wanted.begin() + match.common);
}

bool KvPages::reserve(uint32_t slot, uint32_t positions) {
  Row& row = rows_[slot];
  const uint32_t needed = pages_for(positions);
  const bool grows = row.pages.size() < needed;
  while (row.pages.size() < needed) {
    const auto page = take_page();
    if (!page) break;
    pages_[*page].readers = 1;
    row.pages.push_back(*page);
  }
  if (grows) tell(slot);
  return row.pages.size() >= needed;
}

void KvPages::append(uint32_t slot, std::span<const uint32_t> tokens) {
  Row& row = rows_[slot];
  row.tail.insert(row.tail.end(), tokens.begin(), tokens.end());
  const uint32_t sealed = row.sealed;
  while (row.tail.size() >= kv_page) seal(row);
  if (row.sealed != sealed) tell(slot);
  else model_.truncate(slot, row.length());
}

void KvPages::seal(Row& row) {
  const uint32_t page = row.pages[row.sealed];
  if (row.sharing != Sharing::nothing) {
    const Key key{parent_of_next(row), row.scope, std::span(row.tail).first(kv_page)};
    const auto same = index_.find(key);
    if (same == index_.end()) {
      list(page, key);
    } else {
      read(*same);
      row.pages[row.sealed] = *same;
      unread(page);
    }
  }
  ++row.sealed;
  row.tail.erase(row.tail.begin(), row.tail.begin() + kv_page);
}

void KvPages::list(uint32_t page, const Key& key) {
  Page& own = pages_[page];
  own.parent = key.parent;
  own.scope = key.scope;
  own.tokens.assign(key.tokens.begin(), key.tokens.end());
  own.listed = true;
  if (own.parent != none) {
    Page& parent = pages_[own.parent];
    if (parent.children++ == 0) evictable_.erase({parent.last_used, own.parent});
  }
  const auto place = index_.insert(page).first;
  if (own.readers == 0) {
    ++unread_;
    evictable_.insert({own.last_used, page});
  }
  // Ends of texts that this one goes on from say nothing more.
  while (place != index_.begin()) {
    const uint32_t before = *std::prev(place);
    const Page& shorter = pages_[before];
    const bool needless = shorter.parent == own.parent && shorter.scope == own.scope && shorter.tokens.size() < own.tokens.size() &&
                          common_beginning(shorter.tokens, own.tokens) == shorter.tokens.size() && shorter.readers == 0;
    if (!needless) break;
    unlist(before);
  }
}

void KvPages::unlist(uint32_t page) {
  Page& own = pages_[page];
  index_.erase(page);
  own.listed = false;
  own.tokens.clear();
  if (own.readers == 0) {
    --unread_;
    evictable_.erase({own.last_used, page});
    free_.push_back(page);
  }
  if (own.parent == none) return;
  Page& parent = pages_[own.parent];
  if (--parent.children == 0 && parent.listed && parent.readers == 0) evictable_.insert({parent.last_used, own.parent});
}

void KvPages::unlist_with_followers(uint32_t page) {
  std::vector<uint32_t> order{page};
  for (size_t i = 0; i < order.size(); ++i) {
    const uint64_t scope = pages_[order[i]].scope;
    for (auto next = index_.lower_bound(Key{order[i], scope, {}}); next != index_.end() && pages_[*next].parent == order[i]; ++next) {
      order.push_back(*next);
    }
  }
  for (size_t i = order.size(); i > 0; --i) unlist(order[i - 1]);
}

void KvPages::leave_tail(Row& row) {
  if (row.sharing == Sharing::nothing || row.tail.empty()) return;
  const Key key{parent_of_next(row), row.scope, row.tail};
  if (longest_match(key).common == row.tail.size()) return;
  list(row.pages[row.sealed], key);
}

void KvPages::clear(uint32_t slot) {
  Row& row = rows_[slot];
  ++clock_;
  leave_tail(row);
  for (size_t i = row.pages.size(); i > 0; --i) unread(row.pages[i - 1]);
  row.pages.clear();
  row.sealed = 0;
  row.tail.clear();
  tell(slot);
}

void KvPages::forget(uint32_t slot) {
  const Row& forgotten = rows_[slot];
  if (forgotten.sharing == Sharing::nothing) return;
  if (forgotten.sealed == 0) {  // what it had came from the beginning of somebody's first page, or was its own
    const auto begins = [&] { return longest_match({none, forgotten.scope, forgotten.tail}).page; };
    for (uint32_t page = begins(); page != none; page = begins()) unlist_with_followers(page);
  }
  const uint32_t first = forgotten.sealed > 0 ? forgotten.pages.front() : none;
  // Who reads these pages goes on, but can leave nothing: what follows a page that is not listed cannot be found.
  for (Row& row : rows_) {
    if (&row == &forgotten || (first != none && row.sealed > 0 && row.pages.front() == first)) row.sharing = Sharing::nothing;
  }
  if (first != none && pages_[first].listed) unlist_with_followers(first);
}

bool KvPages::beside(uint32_t slot, uint32_t ahead) const {
  const Row& row = rows_[slot];
  const Row& other = rows_[ahead];
  return row.sharing == Sharing::both && other.sharing != Sharing::nothing && row.tail.empty() && row.sealed == other.sealed &&
         row.scope == other.scope && parent_of_next(row) == parent_of_next(other);
}

std::optional<uint32_t> KvPages::take_page() {
  if (free_.empty() && !evictable_.empty()) unlist(evictable_.begin()->second);
  if (free_.empty()) return std::nullopt;
  const uint32_t page = free_.back();
  free_.pop_back();
  return page;
}

void KvPages::read(uint32_t page) {
  Page& own = pages_[page];
  if (own.readers++ > 0 || !own.listed) return;
  --unread_;
  if (own.children == 0) evictable_.erase({own.last_used, page});
}

void KvPages::unread(uint32_t page) {
  Page& own = pages_[page];
  if (--own.readers > 0) return;
  own.last_used = clock_;
  if (!own.listed) {
    free_.push_back(page);
    return;
  }
  ++unread_;
  if (own.children == 0) evictable_.insert({own.last_used, page});
}

void KvPages::drop_reserved(Row& row) {
  const size_t used = row.sealed + (row.tail.empty() ? 0 : 1);
  while (row.pages.size() > used) {
    unread(row.pages.back());
    row.pages.pop_back();
  }
}

void KvPages::tell(uint32_t slot) { model_.map(slot, rows_[slot].pages, rows_[slot].length()); }

}  // namespace bitfleet
