#include "schedule/kv_pages.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "check.h"
#include "engine_fixtures.h"
#include "random_bytes.h"

using namespace bitfleet;
using namespace bitfleet::testing;

namespace {

using Tokens = std::vector<uint32_t>;

// Letters that repeat with a period of their own, so that texts of different seeds share nothing.
Tokens text(size_t length, uint32_t seed = 1) {
  Tokens tokens;
  for (size_t i = 0; i < length; ++i) tokens.push_back(static_cast<uint32_t>((i * i * 31 + i * seed * 7 + seed * 101) % 251));
  return tokens;
}

Tokens joined(Tokens a, const Tokens& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

struct Bench {
  explicit Bench(uint32_t slots, uint32_t page_count) : model(slots, 4096, 4096, page_count), pages(model, slots) {}

  // Computes the rest of `tokens`, `chunk` at a time; false when the room does not suffice.
  bool compute(uint32_t slot, const Tokens& tokens, uint32_t chunk = 7) {
    while (pages.positions(slot) < tokens.size()) {
      const uint32_t held = pages.positions(slot);
      const auto count = std::min<uint32_t>(chunk, static_cast<uint32_t>(tokens.size()) - held);
      if (!pages.reserve(slot, held + count)) return false;
      std::vector<BatchToken> batch;
      for (uint32_t i = 0; i < count; ++i) batch.push_back({tokens[held + i], held + i, slot, false});
      model.step(batch);
      pages.append(slot, std::span(tokens).subspan(held, count));
      check_holds(slot, tokens);
    }
    return true;
  }

  // The slot holds the beginning of these tokens.
  void check_holds(uint32_t slot, const Tokens& tokens) {
    const auto held = model.tokens_in(slot);
    CHECK_EQUAL(size_t{pages.positions(slot)}, held.size());
    CHECK(held.size() <= tokens.size());
    CHECK(std::equal(held.begin(), held.end(), tokens.begin()));
  }

  // A text from beginning to end; returns what it did not have to compute.
  uint32_t run(const Tokens& tokens, uint64_t scope = 0) {
    const uint32_t slot = pages.take_slot().value();
    const uint32_t reused = pages.begin(slot, tokens, scope, Sharing::both, 0).value();
    check_holds(slot, tokens);
    CHECK(compute(slot, tokens));
    pages.release(slot);
    return reused;
  }

  HashingModel model;
  KvPages pages;
};

}  // namespace

TEST(a_text_goes_on_from_all_but_its_last_token) {
  Bench bench(2, 20);
  const Tokens first = text(100);
  CHECK_EQUAL(0u, bench.run(first));
  CHECK_EQUAL(99u, bench.run(first));                            // three pages and all but one token of the fourth
  CHECK_EQUAL(100u, bench.run(joined(first, text(50, 9))));      // a second turn computes nothing twice
  CHECK_EQUAL(150u, bench.run(joined(joined(first, text(50, 9)), {1})));
  CHECK_EQUAL(64u, bench.run(joined(text(64), {250, 250, 250})));
  CHECK_EQUAL(70u, bench.run(joined(text(70), {250, 250, 250})));
  CHECK_EQUAL(5u, bench.run(joined(text(5), {250})));
  CHECK_EQUAL(0u, bench.run({first[0]}));
}

TEST(nothing_is_shared_between_scopes) {
  Bench bench(2, 40);
  CHECK_EQUAL(0u, bench.run(text(100), 7));
  CHECK_EQUAL(0u, bench.run(text(100), 8));
  CHECK_EQUAL(99u, bench.run(text(100), 7));
  CHECK_EQUAL(99u, bench.run(text(100), 8));
}

TEST(equal_pages_behind_different_beginnings_are_different_pages) {
  Bench bench(1, 40);
  const Tokens same = text(64, 5);
  CHECK_EQUAL(0u, bench.run(joined(text(32, 1), same)));
  CHECK_EQUAL(0u, bench.run(joined(text(32, 2), same)));
  CHECK_EQUAL(0u, bench.run(same));
}

TEST(two_slots_that_compute_the_same_end_up_with_one_copy) {
  Bench bench(2, 20);
  const Tokens tokens = text(90);
  const uint32_t a = bench.pages.take_slot().value();
  const uint32_t b = bench.pages.take_slot().value();
  CHECK_EQUAL(0u, bench.pages.begin(a, tokens, 0, Sharing::both, 0).value());
  CHECK_EQUAL(0u, bench.pages.begin(b, tokens, 0, Sharing::leave, 0).value());
  CHECK(bench.compute(a, tokens) && bench.compute(b, tokens));
  CHECK_EQUAL(20u - 2 - 2, bench.pages.available());  // two shared pages, and a last one each
  bench.pages.release(a);
  bench.pages.release(b);
  CHECK_EQUAL(20u, bench.pages.available());
}

TEST(a_slot_takes_what_another_has_computed_meanwhile) {
  Bench bench(2, 20);
  const Tokens tokens = text(200);
  const uint32_t a = bench.pages.take_slot().value();
  const uint32_t b = bench.pages.take_slot().value();
  bench.pages.begin(a, tokens, 0, Sharing::both, 0);
  bench.pages.begin(b, tokens, 0, Sharing::both, 0);
  CHECK(bench.pages.beside(b, a));
  CHECK(bench.compute(a, Tokens(tokens.begin(), tokens.begin() + 70)));
  CHECK(!bench.pages.beside(b, a));
  CHECK_EQUAL(64u, bench.pages.go_on(b, tokens));
  bench.check_holds(b, tokens);
  CHECK(bench.pages.beside(b, a));
}

TEST(the_longest_unused_goes_first_and_beginnings_after_what_follows_them) {
  Bench bench(1, 8);
  CHECK_EQUAL(0u, bench.run(text(64, 1)));
  CHECK_EQUAL(0u, bench.run(text(64, 2)));
  CHECK_EQUAL(0u, bench.run(text(64, 3)));
  CHECK_EQUAL(63u, bench.run(text(64, 1)));  // used again
  CHECK_EQUAL(0u, bench.run(text(96, 4)));   // takes the last two pages and one of text 2, the second
  CHECK_EQUAL(32u, bench.run(text(64, 2)));
  CHECK_EQUAL(63u, bench.run(text(64, 1)));
}

TEST(the_last_page_there_is_is_taken_over_and_not_copied) {
  Bench bench(1, 2);
  CHECK_EQUAL(0u, bench.run(text(40)));
  CHECK_EQUAL(40u, bench.run(joined(text(40), {1, 2, 3})));
  CHECK_EQUAL(0u, bench.model.copies);
  CHECK_EQUAL(42u, bench.run(joined(text(40), {1, 2, 3})));
}

TEST(a_text_that_finds_no_room_changes_nothing) {
  Bench bench(2, 6);
  bench.run(text(64));
  const uint32_t a = bench.pages.take_slot().value();
  const uint32_t b = bench.pages.take_slot().value();
  CHECK(bench.pages.begin(a, text(96, 2), 0, Sharing::both, 0));
  CHECK(bench.compute(a, text(96, 2)));
  CHECK(!bench.pages.begin(b, joined(text(64), text(64, 3)), 0, Sharing::both, 0));
  CHECK_EQUAL(3u, bench.pages.available());
  CHECK(!bench.pages.begin(b, joined(text(64), text(10, 3)), 0, Sharing::both, 1));
  CHECK_EQUAL(64u, bench.pages.begin(b, joined(text(64), text(10, 3)), 0, Sharing::both, 0).value());
}

TEST(what_is_forgotten_leads_nobody_there) {
  Bench bench(2, 20);
  bench.run(joined(text(64), text(40, 2)));
  const uint32_t a = bench.pages.take_slot().value();
  const uint32_t other = bench.pages.take_slot().value();
  CHECK_EQUAL(64u, bench.pages.begin(other, joined(text(64), {1}), 0, Sharing::both, 0).value());
  CHECK_EQUAL(104u, bench.pages.begin(a, joined(joined(text(64), text(40, 2)), {9}), 0, Sharing::both, 0).value());
  bench.pages.forget(a);
  bench.pages.release(a);
  CHECK(bench.compute(other, joined(text(64), text(50, 3))));  // goes on undisturbed, and leaves nothing
  bench.pages.release(other);
  CHECK_EQUAL(0u, bench.run(joined(text(64), text(40, 2))));
  CHECK_EQUAL(20u, bench.pages.available());

  const uint32_t short_text = bench.pages.take_slot().value();
  CHECK_EQUAL(20u, bench.pages.begin(short_text, joined(text(20), {200}), 0, Sharing::both, 0).value());
  bench.pages.forget(short_text);
  bench.pages.release(short_text);
  CHECK_EQUAL(0u, bench.run(text(30)));
}

// Against a model that knows nothing of pages: every slot holds the tokens it should, whatever was opened, computed, ended,
// cleared, forgotten and evicted before; no page is lost; and nothing is reused that was never computed in its scope.
TEST(slots_hold_what_they_should_through_thousands_of_random_histories) {
  TestRandom random(announced_seed("kv pages", 17));
  for (int round = 0; round < 40; ++round) {
    const auto slots = static_cast<uint32_t>(1 + random.below(6));
    const auto page_count = static_cast<uint32_t>(10 + random.below(40));
    Bench bench(slots, page_count);
    struct Open {
      Tokens tokens;
      uint64_t scope;
      Sharing sharing;
    };
    std::map<uint32_t, Open> open;
    std::map<uint64_t, std::vector<Tokens>> computed;  // by scope
    uint64_t reused = 0;
    for (int action = 0; action < 500; ++action) {
      const auto any_open = [&] {
        auto it = open.begin();
        std::advance(it, static_cast<ptrdiff_t>(random.below(open.size())));
        return it;
      };
      switch (random.below(8)) {
        case 0:
        case 1: {  // opens: often with a beginning that was there before
          const auto slot = bench.pages.take_slot();
          if (!slot) break;
          Open opened{{}, random.below(3), random.below(8) == 0 ? Sharing::nothing : random.below(8) == 0 ? Sharing::leave : Sharing::both};
          auto& before = computed[opened.scope];
          if (!before.empty() && random.below(4) != 0) {
            opened.tokens = before[random.below(before.size())];
            opened.tokens.resize(1 + random.below(opened.tokens.size()));
          }
          for (uint64_t n = 1 + random.below(80); n > 0; --n) opened.tokens.push_back(static_cast<uint32_t>(random.below(2)));
          if (opened.tokens.size() > 300) opened.tokens.resize(300);
          const auto held = bench.pages.begin(*slot, opened.tokens, opened.scope, opened.sharing, static_cast<uint32_t>(random.below(3)));
          if (!held) {
            bench.pages.release(*slot);
            break;
          }
          bench.check_holds(*slot, opened.tokens);
          CHECK(*held < opened.tokens.size());
          if (opened.sharing != Sharing::both) CHECK_EQUAL(0u, *held);
          if (*held > 0) {
            reused += *held;
            const Tokens begins(opened.tokens.begin(), opened.tokens.begin() + *held);
            CHECK(std::ranges::any_of(before, [&](const Tokens& known) { return known.size() >= begins.size() && std::equal(begins.begin(), begins.end(), known.begin()); }));
          }
          open.emplace(*slot, opened);
          break;
        }
        case 2:
        case 3:
        case 4: {  // computes some
          if (open.empty()) break;
          auto& [slot, it] = *any_open();
          const uint32_t held = bench.pages.positions(slot);
          Tokens some(it.tokens.begin(), it.tokens.begin() + std::min<ptrdiff_t>(static_cast<ptrdiff_t>(it.tokens.size()), held + 1 + static_cast<ptrdiff_t>(random.below(90))));
          bench.compute(slot, some, 1 + static_cast<uint32_t>(random.below(60)));
          const Tokens now(it.tokens.begin(), it.tokens.begin() + bench.pages.positions(slot));
          if (it.sharing != Sharing::nothing && !now.empty()) computed[it.scope].push_back(now);
          break;
        }
        case 5: {
          if (open.empty()) break;
          auto& [slot, it] = *any_open();
          if (bench.pages.positions(slot) == 0 || bench.pages.positions(slot) + 1 >= it.tokens.size()) break;
          bench.pages.go_on(slot, it.tokens);
          CHECK(bench.pages.positions(slot) < it.tokens.size());
          break;
        }
        case 6: {  // ends or gives up its room
          if (open.empty()) break;
          const auto it = any_open();
          if (random.below(10) == 0) bench.pages.forget(it->first);
          bench.pages.release(it->first);
          open.erase(it);
          break;
        }
        default: {
          if (open.empty() || random.below(4) != 0) break;
          const auto it = any_open();
          bench.pages.clear(it->first);
          CHECK(bench.model.tokens_in(it->first).empty());
          const auto held = bench.pages.begin(it->first, it->second.tokens, it->second.scope, it->second.sharing, 0);
          if (!held) {
            bench.pages.release(it->first);
            open.erase(it);
          }
        }
      }
      for (const auto& [slot, it] : open) bench.check_holds(slot, it.tokens);
    }
    for (const auto& [slot, it] : open) bench.pages.release(slot);
    CHECK_EQUAL(page_count, bench.pages.available());
    CHECK(reused > 0);
    // And every page can be had again.
    const uint32_t slot = bench.pages.take_slot().value();
    CHECK(bench.pages.begin(slot, text(page_count * kv_page), 99, Sharing::both, 0));
    CHECK(bench.pages.reserve(slot, page_count * kv_page));
  }
}
