package dev.bitfleet.gateway.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Unicode's general categories, as this JVM knows them. Counted once, on first use. */
final class Categories {
  private static final Map<String, String> LONG_NAMES =
      Map.of(
          "Letter", "L",
          "Uppercase_Letter", "Lu",
          "Lowercase_Letter", "Ll",
          "Number", "N",
          "Decimal_Number", "Nd",
          "Punctuation", "P",
          "Symbol", "S",
          "Separator", "Z",
          "Mark", "M");

  private static final Map<Integer, String> CODES =
      Map.ofEntries(
          Map.entry((int) Character.UPPERCASE_LETTER, "Lu"),
          Map.entry((int) Character.LOWERCASE_LETTER, "Ll"),
          Map.entry((int) Character.TITLECASE_LETTER, "Lt"),
          Map.entry((int) Character.MODIFIER_LETTER, "Lm"),
          Map.entry((int) Character.OTHER_LETTER, "Lo"),
          Map.entry((int) Character.NON_SPACING_MARK, "Mn"),
          Map.entry((int) Character.ENCLOSING_MARK, "Me"),
          Map.entry((int) Character.COMBINING_SPACING_MARK, "Mc"),
          Map.entry((int) Character.DECIMAL_DIGIT_NUMBER, "Nd"),
          Map.entry((int) Character.LETTER_NUMBER, "Nl"),
          Map.entry((int) Character.OTHER_NUMBER, "No"),
          Map.entry((int) Character.SPACE_SEPARATOR, "Zs"),
          Map.entry((int) Character.LINE_SEPARATOR, "Zl"),
          Map.entry((int) Character.PARAGRAPH_SEPARATOR, "Zp"),
          Map.entry((int) Character.CONTROL, "Cc"),
          Map.entry((int) Character.FORMAT, "Cf"),
          Map.entry((int) Character.DASH_PUNCTUATION, "Pd"),
          Map.entry((int) Character.START_PUNCTUATION, "Ps"),
          Map.entry((int) Character.END_PUNCTUATION, "Pe"),
          Map.entry((int) Character.CONNECTOR_PUNCTUATION, "Pc"),
          Map.entry((int) Character.OTHER_PUNCTUATION, "Po"),
          Map.entry((int) Character.INITIAL_QUOTE_PUNCTUATION, "Pi"),
          Map.entry((int) Character.FINAL_QUOTE_PUNCTUATION, "Pf"),
          Map.entry((int) Character.MATH_SYMBOL, "Sm"),
          Map.entry((int) Character.CURRENCY_SYMBOL, "Sc"),
          Map.entry((int) Character.MODIFIER_SYMBOL, "Sk"),
          Map.entry((int) Character.OTHER_SYMBOL, "So"));

  private Categories() {}

  /** Null if there is none of that name. */
  static @Nullable CodePoints named(String name) {
    String code = LONG_NAMES.getOrDefault(name, name);
    return Known.SETS.get(code);
  }

  /** Held apart, so that only a pattern that asks pays for the counting. */
  private static final class Known {
    static final Map<String, CodePoints> SETS = count();

    private static Map<String, CodePoints> count() {
      Map<String, List<Integer>> ranges = new java.util.HashMap<>();
      int from = 0;
      int kind = Character.getType(0);
      for (int c = 1; c <= Character.MAX_CODE_POINT + 1; c++) {
        int next = c <= Character.MAX_CODE_POINT ? Character.getType(c) : -1;
        if (next != kind) {
          String code = CODES.get(kind);
          if (code != null) {
            for (String key : List.of(code, code.substring(0, 1))) {
              List<Integer> list = ranges.computeIfAbsent(key, k -> new ArrayList<>());
              list.add(from);
              list.add(c - 1);
            }
          }
          from = c;
          kind = next;
        }
      }
      // \p{C} would need the unassigned ones too, and they are some engine's letters.
      ranges.remove("C");
      Map<String, CodePoints> sets = new java.util.HashMap<>();
      ranges.forEach(
          (key, list) ->
              sets.put(key, CodePoints.of(list.stream().mapToInt(Integer::intValue).toArray())));
      return Map.copyOf(sets);
    }
  }
}
