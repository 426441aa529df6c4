#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "grammar/rules.h"
#include "text/utf8.h"

namespace bitfleet::testing {

// A recogniser with nothing clever in it, to hold the engine's against: the rules as plain productions over characters,
// and Earley's algorithm. A text that ends inside a character is a beginning when some character of a set that is
// expected begins with these bytes.
class GrammarReference {
 public:
  explicit GrammarReference(const grammar::Rules& rules) : rules_(rules) {
    for (const auto& rule : rules.rules) of_rule_.push_back(fresh()), (void)rule;
    for (size_t i = 0; i < rules.rules.size(); ++i) {
      const Symbol body = symbol_of(rules.rules[i].body);
      productions_[of_rule_[i]].push_back({body});
    }
    find_nullable();
  }

  struct Verdict {
    bool sentence = false;
    bool beginning = false;   // of some sentence; a sentence is a beginning of itself
  };

  struct Item {
    uint32_t symbol, production, dot, origin;
    auto operator<=>(const Item&) const = default;
  };
  // What was found out of a text: the chart, and the bytes of a character that is not whole.
  struct Chart {
    std::vector<std::set<Item>> items;
    std::string unfinished;
  };

  Chart begin() const {
    Chart chart;
    chart.items.emplace_back();
    add(chart.items, 0, {of_rule_[rules_.root], 0, 0, 0});
    return chart;
  }

  // Presumes that every rule can be completed.
  Verdict read(std::string_view text) const {
    Chart chart = begin();
    return go_on(chart, text);
  }

  Verdict go_on(Chart& chart, std::string_view more) const {
    const std::string all = chart.unfinished + std::string(more);
    std::string_view text = all;
    auto& items = chart.items;
    chart.unfinished.clear();
    while (!text.empty()) {
      const Utf8Unit unit = read_utf8(text);
      if (unit.kind == Utf8Unit::Kind::invalid) return {};
      if (unit.kind == Utf8Unit::Kind::unfinished) {
        chart.unfinished = text;
        return {false, may_begin(items.back(), text)};
      }
      items.emplace_back();
      const size_t at = items.size() - 1;
      for (const Item& item : items[at - 1]) {
        const Symbol* next = next_of(item);
        if (next && next->set && contains(*next->set, unit.code_point)) add(items, at, {item.symbol, item.production, item.dot + 1, item.origin});
      }
      if (items.back().empty()) return {};
      text.remove_prefix(unit.length);
    }
    bool sentence = false;
    for (const Item& item : items.back()) {
      sentence |= item.symbol == of_rule_[rules_.root] && item.origin == 0 && !next_of(item);
    }
    return {sentence, true};
  }

  // What go_on() says of `more`; the chart stays as it is.
  Verdict would_read(Chart& chart, std::string_view more) const {
    const size_t length = chart.items.size();
    const std::string unfinished = chart.unfinished;
    const Verdict verdict = go_on(chart, more);
    chart.items.resize(length);
    chart.unfinished = unfinished;
    return verdict;
  }

 private:
  struct Symbol {
    uint32_t number = 0;                                   // of a nonterminal
    const std::vector<grammar::CodePoints>* set = nullptr;  // or a terminal
  };

  uint32_t fresh() {
    productions_.emplace_back();
    return static_cast<uint32_t>(productions_.size() - 1);
  }

  Symbol symbol_of(uint32_t e) {
    using grammar::ElementKind;
    const auto& element = rules_.elements[e];
    if (element.kind == ElementKind::reference) return {of_rule_[element.rule]};
    if (element.kind == ElementKind::set) return {0, &element.set};
    const uint32_t number = fresh();
    std::vector<std::vector<Symbol>> all;
    switch (element.kind) {
      case ElementKind::text: {
        auto& one = all.emplace_back();
        for (std::string_view rest = element.text; !rest.empty();) {
          const Utf8Unit unit = read_utf8(rest);
          one.push_back({0, &characters_.emplace(unit.code_point, std::vector<grammar::CodePoints>{{unit.code_point, unit.code_point}}).first->second});
          rest.remove_prefix(unit.length);
        }
        break;
      }
      case ElementKind::sequence: {
        std::vector<Symbol> one;
        for (uint32_t part : element.parts) one.push_back(symbol_of(part));
        all.push_back(one);
        break;
      }
      case ElementKind::choice:
        for (uint32_t part : element.parts) all.push_back({symbol_of(part)});
        break;
      case ElementKind::repeat: {
        const Symbol part = symbol_of(element.parts[0]);
        std::vector<Symbol> one(element.least, part);
        if (element.most == grammar::unlimited) {
          const Symbol more{fresh()};
          productions_[more.number] = {{}, {part, more}};
          one.push_back(more);
          all.push_back(one);
        } else {
          for (uint32_t count = element.least; count <= element.most; ++count) all.push_back(std::vector<Symbol>(count, part));
        }
        break;
      }
      default: break;
    }
    productions_[number] = all;
    return {number};
  }

  const Symbol* next_of(const Item& item) const {
    const auto& production = productions_[item.symbol][item.production];
    return item.dot < production.size() ? &production[item.dot] : nullptr;
  }

  void find_nullable() {
    nullable_.assign(productions_.size(), false);
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t s = 0; s < productions_.size(); ++s) {
        if (nullable_[s]) continue;
        for (const auto& production : productions_[s]) {
          bool all = true;
          for (const Symbol& symbol : production) all &= !symbol.set && nullable_[symbol.number];
          if (all) nullable_[s] = changed = true;
        }
      }
    }
  }

  void add(std::vector<std::set<Item>>& chart, size_t at, Item first) const {
    std::vector<Item> pending{first};
    while (!pending.empty()) {
      const Item item = pending.back();
      pending.pop_back();
      if (!chart[at].insert(item).second) continue;
      const Symbol* next = next_of(item);
      if (next == nullptr) {
        const std::vector<Item> waiting(chart[item.origin].begin(), chart[item.origin].end());
        for (const Item& parent : waiting) {
          const Symbol* wanted = next_of(parent);
          if (wanted && !wanted->set && wanted->number == item.symbol) pending.push_back({parent.symbol, parent.production, parent.dot + 1, parent.origin});
        }
      } else if (!next->set) {
        for (uint32_t p = 0; p < productions_[next->number].size(); ++p) pending.push_back({next->number, p, 0, static_cast<uint32_t>(at)});
        // Aycock and Horspool: what may be empty is stepped over at once.
        if (nullable_[next->number]) pending.push_back({item.symbol, item.production, item.dot + 1, item.origin});
      }
    }
  }

  static bool contains(const std::vector<grammar::CodePoints>& set, uint32_t code_point) {
    for (const auto& range : set) {
      if (range.first <= code_point && code_point <= range.last) return true;
    }
    return false;
  }

  // The code points whose UTF-8 begins with these bytes lie side by side.
  bool may_begin(const std::set<Item>& items, std::string_view bytes) const {
    const auto lead = static_cast<uint8_t>(bytes[0]);
    const uint32_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    uint32_t value = lead & (0x7Fu >> length);
    for (char c : bytes.substr(1)) value = value << 6 | (static_cast<uint8_t>(c) & 0x3Fu);
    const uint32_t open = 6 * (length - static_cast<uint32_t>(bytes.size()));
    const uint32_t first = std::max(value << open, length == 2 ? 0x80u : length == 3 ? 0x800u : 0x10000u);
    const uint32_t last = std::min(value << open | ((1u << open) - 1), grammar::last_code_point);
    for (const Item& item : items) {
      const Symbol* next = next_of(item);
      if (!next || !next->set) continue;
      for (const auto& range : *next->set) {
        if (range.first <= last && range.last >= first) return true;
      }
    }
    return false;
  }

  const grammar::Rules& rules_;
  std::vector<uint32_t> of_rule_;
  std::vector<std::vector<std::vector<Symbol>>> productions_;
  std::vector<bool> nullable_;
  std::map<uint32_t, std::vector<grammar::CodePoints>> characters_;
};

}  // namespace bitfleet::testing
