package dev.bitfleet.gateway.grammar;

import static dev.bitfleet.gateway.grammar.SchemaRefused.Reason.UNSUPPORTED;

import dev.bitfleet.gateway.grammar.Expression.Repeated;
import dev.bitfleet.gateway.grammar.Expression.Text;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Strings: lengths, patterns, formats and forbidden texts together. */
final class StringRules {
  /** Up to here an automaton is shorter than its expression, or as good as. */
  private static final int FEW_STATES = 300;

  /** The formats' own automata, made when first asked for. */
  private static final Map<String, Automaton> FORMATS = new ConcurrentHashMap<>();

  private final JsonRules json;
  private final Rules rules;
  private final Budget budget;
  private final Map<String, Nfa> searches = new HashMap<>();
  private final Map<String, Automaton> automata = new HashMap<>();

  StringRules(JsonRules json, Rules rules, Budget budget) {
    this.json = json;
    this.rules = rules;
    this.budget = budget;
  }

  /** A string for which all of these hold and that is none of the texts. */
  Expression of(List<Schema> members, List<String> excluded, Schema place) {
    int min = minLength(members);
    int max = maxLength(members);
    if (max >= 0 && max < min) {
      return Expression.NEVER;
    }
    List<Regex> plain = new ArrayList<>();
    boolean special = !excluded.isEmpty();
    for (Schema member : members) {
      requireKnown(member);
      member.patterns.forEach(pattern -> plain.add(RegexParser.parse(pattern, true, member)));
      String format = member.format == null ? null : Formats.pattern(member.format);
      if (format != null) {
        plain.add(RegexParser.parse(format, true, member));
      }
      special |= !member.excludedPatterns.isEmpty();
    }
    if (plain.isEmpty() && !special) {
      return min == 0 && max < 0 ? json.string() : json.string(min, max);
    }
    if (plain.size() == 1 && !special && min == 0 && max < 0) {
      Automaton few = few(members);
      if (few != null) {
        return json.string(few);
      }
      Expression written = whole(plain.getFirst());
      if (written != null) {
        return Expression.sequence(new Text("\""), written, new Text("\""));
      }
    }
    return json.string(automaton(members, excluded, place));
  }

  private static void requireKnown(Schema member) {
    if (member.format != null && Formats.isRefused(member.format)) {
      throw member.refuse(UNSUPPORTED, "'format': '" + member.format + "' is not supported");
    }
  }

  private static int minLength(List<Schema> members) {
    return members.stream().mapToInt(member -> member.minLength).max().orElse(0);
  }

  private static int maxLength(List<Schema> members) {
    return members.stream()
        .mapToInt(member -> member.maxLength)
        .filter(length -> length >= 0)
        .min()
        .orElse(-1);
  }

  /** The one pattern's automaton, if it is small. */
  private @Nullable Automaton few(List<Schema> members) {
    for (Schema member : members) {
      if (member.format != null && Formats.pattern(member.format) != null) {
        Automaton made = format(member);
        return made.states() <= FEW_STATES ? made : null;
      }
      for (String pattern : member.patterns) {
        return Nfa.of(RegexParser.parse(pattern, true, member), budget).deterministic(FEW_STATES);
      }
    }
    return null;
  }

  private Automaton format(Schema member) {
    String name = String.valueOf(member.format);
    Automaton old = FORMATS.get(name);
    if (old == null) {
      String pattern = String.valueOf(Formats.pattern(name));
      Budget own = new Budget(member.path());
      old = deterministic(Nfa.of(RegexParser.parse(pattern, true, member), own));
      FORMATS.put(name, old);
    }
    return old;
  }

  private Automaton deterministic(Nfa nfa) {
    Automaton made = nfa.deterministic(Automaton.MAX_STATES);
    if (made == null) {
      throw budget.tooLarge("a pattern needs more than " + Automaton.MAX_STATES + " states");
    }
    return made;
  }

  /**
   * The strings for which all of these hold and that are none of the texts.
   *
   * @throws SchemaRefused as a pattern says
   */
  Automaton automaton(List<Schema> members, Iterable<String> excluded, Schema place) {
    budget.at(place);
    Automaton made = Automaton.length(minLength(members), maxLength(members), budget);
    for (Schema member : members) {
      budget.at(member);
      requireKnown(member);
      for (String pattern : member.patterns) {
        made = made.and(pattern(pattern, true, member), budget);
      }
      if (member.format != null && Formats.pattern(member.format) != null) {
        made = made.and(format(member), budget);
      }
      for (String pattern : member.excludedPatterns) {
        made = made.less(pattern(pattern, false, member), budget);
      }
    }
    if (excluded.iterator().hasNext()) {
      made = made.less(Automaton.texts(excluded, budget), budget);
    }
    return made;
  }

  /**
   * The texts that a pattern matches.
   *
   * @param mustMatch as {@link RegexParser#parse} takes it
   */
  Automaton pattern(String pattern, boolean mustMatch, Schema at) {
    String key = (mustMatch ? "+" : "-") + pattern;
    Automaton old = automata.get(key);
    if (old == null) {
      old = deterministic(Nfa.of(RegexParser.parse(pattern, mustMatch, at), budget));
      automata.put(key, old);
    }
    return old;
  }

  /** Whether a pattern matches a text: by itself, since one text needs no automaton. */
  boolean matches(String pattern, boolean mustMatch, String text, Schema at) {
    String key = (mustMatch ? "+" : "-") + pattern;
    Nfa search = searches.get(key);
    if (search == null) {
      search = Nfa.of(RegexParser.parse(pattern, mustMatch, at), budget);
      searches.put(key, search);
    }
    return search.matches(text);
  }

  boolean isOfFormat(String text, Schema at) {
    String pattern = at.format == null ? null : Formats.pattern(at.format);
    return pattern == null || matches(pattern, true, text, at);
  }

  /**
   * An expression that is anchored at both ends, as it was written: its automaton may be far
   * larger. Null if it is not of that kind.
   */
  private @Nullable Expression whole(Regex regex) {
    if (regex instanceof Regex.Sequence sequence
        && sequence.items().size() >= 2
        && sequence.items().getFirst() instanceof Regex.Begin
        && sequence.items().getLast() instanceof Regex.End) {
      List<Regex> inner = sequence.items().subList(1, sequence.items().size() - 1);
      return inner.stream().anyMatch(Regex::isAnchored) ? null : written(new Regex.Sequence(inner));
    }
    return null;
  }

  private @Nullable Expression written(Regex regex) {
    budget.spend(2);
    return switch (regex) {
      case Regex.One one -> json.character(one.set());
      case Regex.Begin begin -> null;
      case Regex.End end -> null;
      case Regex.Sequence sequence -> {
        List<Expression> parts = all(sequence.items());
        yield parts == null ? null : Expression.sequence(parts);
      }
      case Regex.Either either -> {
        List<Expression> parts = all(either.items());
        yield parts == null ? null : Expression.either(parts);
      }
      case Regex.Repeated repeated -> {
        // Engines take a loop over nothing for left recursion.
        boolean loops = repeated.max() < 0 || repeated.max() > 1;
        Expression item = loops && repeated.item().isNullable() ? null : written(repeated.item());
        if (item == null) {
          yield null;
        }
        yield repeated.max() < 0
            ? Expression.sequence(
                rules.repeated(item, repeated.min(), repeated.min()),
                new Repeated(rules.shared(item), 0, -1))
            : rules.repeated(item, repeated.min(), repeated.max());
      }
    };
  }

  private @Nullable List<Expression> all(List<Regex> items) {
    List<Expression> parts = new ArrayList<>();
    for (Regex item : items) {
      Expression part = written(item);
      if (part == null) {
        return null;
      }
      parts.add(part);
    }
    return parts;
  }
}
