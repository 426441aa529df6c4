package dev.bitfleet.gateway.grammar;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * Whether schemas can certainly not hold together. Only a yes is a proof; it is what makes the
 * options of a {@code oneOf} exclusive.
 */
final class Emptiness {
  private static final int MAX_DEPTH = 6;

  private final Budget budget;
  private final Literals literals;
  private final StringRules strings;

  Emptiness(Budget budget, Literals literals, StringRules strings) {
    this.budget = budget;
    this.literals = literals;
    this.strings = strings;
  }

  boolean isCertain(Conjunction c) {
    return isCertain(c, MAX_DEPTH);
  }

  private boolean isCertain(Conjunction c, int depth) {
    budget.spend(2 + c.members().size());
    if (c.never()) {
      return true;
    }
    for (Schema member : c.members()) {
      if (!member.values.isEmpty()) {
        List<JsonNode> values = member.values.getFirst();
        // We hold texts to narrower formats than others may: failing ours proves nothing.
        return c.members().stream().allMatch(other -> other.format == null)
            && values.stream().noneMatch(value -> literals.isValid(value, c));
      }
    }
    int types = Schema.ALL_TYPES;
    for (Schema member : c.members()) {
      types &= member.types;
    }
    if (types == 0) {
      return true;
    }
    if (depth == 0) {
      return false;
    }
    boolean empty =
        (types & (Schema.NULL | Schema.BOOLEAN)) == 0
            && ((types & (Schema.INTEGER | Schema.FRACTION)) == 0 || noNumber(c))
            && ((types & Schema.STRING) == 0 || noString(c))
            && ((types & Schema.ARRAY) == 0 || noArray(c, depth))
            && ((types & Schema.OBJECT) == 0 || noObject(c, depth));
    return empty || c.open().stream().anyMatch(choice -> noOption(c, choice, depth));
  }

  private boolean noOption(Conjunction c, Schema.Choice choice, int depth) {
    Conjunction base = c.without(choice);
    for (Schema option : choice.options()) {
      if (!isCertain(base.and(List.of(option), budget), depth - 1)) {
        return false;
      }
    }
    return true;
  }

  private static boolean noNumber(Conjunction c) {
    for (Schema a : c.members()) {
      for (Schema b : c.members()) {
        if (a.minimum != null && b.maximum != null) {
          int order = a.minimum.value().compareTo(b.maximum.value());
          if (order > 0 || order == 0 && (a.minimum.exclusive() || b.maximum.exclusive())) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private boolean noString(Conjunction c) {
    int constrained = 0;
    int min = 0;
    int max = Integer.MAX_VALUE;
    for (Schema member : c.members()) {
      min = Math.max(min, member.minLength);
      max = member.maxLength >= 0 ? Math.min(max, member.maxLength) : max;
      constrained += member.patterns.size() + member.excludedPatterns.size();
      constrained += member.format != null ? 1 : 0;
    }
    if (min > max) {
      return true;
    }
    // Formats are narrowed for writing; two that only seem disjoint are no proof.
    boolean patterns = c.members().stream().allMatch(member -> member.format == null);
    return patterns && constrained > 1 && looselyEmpty(c);
  }

  /** Patterns at their widest, so that nothing that any reader accepts is overlooked. */
  private boolean looselyEmpty(Conjunction c) {
    Automaton all = Automaton.length(0, -1, budget);
    for (Schema member : c.members()) {
      for (String pattern : member.patterns) {
        all = all.and(strings.pattern(pattern, false, member), budget);
      }
      for (String pattern : member.excludedPatterns) {
        all = all.less(strings.pattern(pattern, true, member), budget);
      }
    }
    return all.isEmpty();
  }

  private boolean noArray(Conjunction c, int depth) {
    int min = 0;
    int max = Integer.MAX_VALUE;
    for (Schema member : c.members()) {
      min = Math.max(min, member.minItems);
      max = member.maxItems >= 0 ? Math.min(max, member.maxItems) : max;
    }
    if (min > max) {
      return true;
    }
    for (int i = 0; i < Math.min(min, 4); i++) {
      List<Schema> item = new ArrayList<>();
      for (Schema member : c.members()) {
        Schema one = i < member.prefixItems.size() ? member.prefixItems.get(i) : member.items;
        if (one != null) {
          item.add(one);
        }
      }
      if (isCertain(Conjunction.of(item, budget), depth - 1)) {
        return true;
      }
    }
    return false;
  }

  private boolean noObject(Conjunction c, int depth) {
    for (Schema member : c.members()) {
      for (String name : member.required) {
        List<Schema> value = new ArrayList<>();
        for (Schema other : c.members()) {
          Schema declared = other.properties.get(name);
          if (declared != null) {
            value.add(declared);
          } else if (other.additionalProperties != null && other.patternProperties.isEmpty()) {
            value.add(other.additionalProperties);
          }
        }
        if (!value.isEmpty() && isCertain(Conjunction.of(value, budget), depth - 1)) {
          return true;
        }
      }
    }
    return false;
  }
}
