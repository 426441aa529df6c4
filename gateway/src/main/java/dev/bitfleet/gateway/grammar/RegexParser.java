package dev.bitfleet.gateway.grammar;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the regular part of ECMA-262's expressions, in Unicode mode: anchors, classes, groups,
 * alternation, quantifiers (lazy ones match the same texts), escapes and general categories. What
 * looks around or back is refused.
 *
 * <p>Engines disagree at the edge: ECMA's {@code \s} holds more characters than that of Java or
 * PCRE, and {@code .} stops at other line ends. Where a pattern must match, only what matches in
 * all of them is taken; where it must not, what matches in any.
 */
final class RegexParser {
  private static final int MAX_LENGTH = 4_096;
  private static final int MAX_DEPTH = 50;
  private static final int MAX_COUNT = 100_000;

  static final CodePoints DIGIT = CodePoints.of('0', '9');
  static final CodePoints WORD = CodePoints.of('0', '9', 'A', 'Z', 'a', 'z', '_', '_');
  private static final CodePoints ASCII_SPACE = CodePoints.of('\t', '\r', ' ', ' ');
  private static final CodePoints ANY_SPACE =
      ASCII_SPACE.or(
          CodePoints.of(
              0x85, 0x85, 0xA0, 0xA0, 0x1680, 0x1680, 0x180E, 0x180E, 0x2000, 0x200A, 0x2028,
              0x2029, 0x202F, 0x202F, 0x205F, 0x205F, 0x3000, 0x3000, 0xFEFF, 0xFEFF));
  private static final CodePoints ASCII_LINE_END = CodePoints.anyOf("\n");
  private static final CodePoints ANY_LINE_END =
      CodePoints.of('\n', '\r', 0x85, 0x85, 0x2028, 0x2029);

  private final String text;
  private final boolean mustMatch;
  private final Schema at;
  private int pos;
  private int depth;

  private RegexParser(String text, boolean mustMatch, Schema at) {
    this.text = text;
    this.mustMatch = mustMatch;
    this.at = at;
  }

  /**
   * @param mustMatch whether texts are made that match, rather than kept from matching
   * @throws SchemaRefused MALFORMED, UNSUPPORTED or TOO_LARGE, at the schema's {@code pattern}
   */
  static Regex parse(String pattern, boolean mustMatch, Schema at) {
    if (pattern.length() > MAX_LENGTH) {
      throw at.refuse(
          SchemaRefused.Reason.TOO_LARGE, "a pattern is longer than " + MAX_LENGTH + " characters");
    }
    RegexParser parser = new RegexParser(pattern, mustMatch, at);
    Regex regex = parser.alternatives();
    if (parser.pos < pattern.length()) {
      throw parser.malformed("an unmatched ')'");
    }
    return regex;
  }

  private SchemaRefused malformed(String what) {
    return at.refuse(
        SchemaRefused.Reason.MALFORMED,
        "the pattern '" + shown() + "' has " + what + " at character " + pos);
  }

  private SchemaRefused unsupported(String what) {
    return at.refuse(
        SchemaRefused.Reason.UNSUPPORTED,
        "the pattern '" + shown() + "' uses " + what + ", which no grammar can express");
  }

  private String shown() {
    return text.length() <= 80 ? text : text.substring(0, 80) + "…";
  }

  private boolean more() {
    return pos < text.length();
  }

  private boolean take(char c) {
    if (more() && text.charAt(pos) == c) {
      pos++;
      return true;
    }
    return false;
  }

  private boolean take(String s) {
    if (text.startsWith(s, pos)) {
      pos += s.length();
      return true;
    }
    return false;
  }

  private Regex alternatives() {
    if (++depth > MAX_DEPTH) {
      throw at.refuse(
          SchemaRefused.Reason.TOO_LARGE, "a pattern nests groups deeper than " + MAX_DEPTH);
    }
    List<Regex> items = new ArrayList<>();
    do {
      items.add(sequence());
    } while (take('|'));
    depth--;
    return items.size() == 1 ? items.getFirst() : new Regex.Either(List.copyOf(items));
  }

  private Regex sequence() {
    List<Regex> items = new ArrayList<>();
    while (more() && text.charAt(pos) != '|' && text.charAt(pos) != ')') {
      items.add(quantified());
    }
    return items.size() == 1 ? items.getFirst() : new Regex.Sequence(List.copyOf(items));
  }

  private Regex quantified() {
    if (take('^')) {
      return new Regex.Begin();
    }
    if (take('$')) {
      return new Regex.End();
    }
    Regex item = atom();
    if (!more()) {
      return item;
    }
    int min;
    int max;
    switch (text.charAt(pos)) {
      case '*' -> {
        pos++;
        min = 0;
        max = -1;
      }
      case '+' -> {
        pos++;
        min = 1;
        max = -1;
      }
      case '?' -> {
        pos++;
        min = 0;
        max = 1;
      }
      case '{' -> {
        pos++;
        min = count();
        max = min;
        if (take(',')) {
          max = more() && text.charAt(pos) != '}' ? count() : -1;
        }
        if (!take('}')) {
          throw malformed("a broken quantifier");
        }
        if (max >= 0 && max < min) {
          throw malformed("a quantifier that runs backwards");
        }
      }
      default -> {
        return item;
      }
    }
    take('?');
    if (more() && "*+?{".indexOf(text.charAt(pos)) >= 0) {
      throw malformed("two quantifiers in a row");
    }
    return new Regex.Repeated(item, min, max);
  }

  private int count() {
    int from = pos;
    int value = 0;
    while (more() && text.charAt(pos) >= '0' && text.charAt(pos) <= '9') {
      value = value * 10 + (text.charAt(pos) - '0');
      pos++;
      if (value > MAX_COUNT) {
        throw at.refuse(
            SchemaRefused.Reason.TOO_LARGE, "a pattern repeats more than " + MAX_COUNT + " times");
      }
    }
    if (pos == from) {
      throw malformed("a quantifier without a number");
    }
    return value;
  }

  private Regex atom() {
    int c = text.codePointAt(pos);
    switch (c) {
      case '(' -> {
        return group();
      }
      case '[' -> {
        pos++;
        return new Regex.One(bracket());
      }
      case '.' -> {
        pos++;
        return new Regex.One((mustMatch ? ANY_LINE_END : ASCII_LINE_END).not());
      }
      case '\\' -> {
        pos++;
        if (more() && (text.charAt(pos) == 'b' || text.charAt(pos) == 'B')) {
          throw unsupported("a word boundary (\\" + text.charAt(pos) + ")");
        }
        if (more() && text.charAt(pos) >= '1' && text.charAt(pos) <= '9' || take("k<")) {
          throw unsupported("a back-reference");
        }
        return new Regex.One(escape(false));
      }
      case '*', '+', '?' -> throw malformed("a quantifier with nothing before it");
      case '{' -> throw malformed("a lone '{'");
      default -> {
        pos += Character.charCount(c);
        return new Regex.One(single(c));
      }
    }
  }

  private Regex group() {
    pos++;
    if (take("?=") || take("?!")) {
      throw unsupported("a lookahead");
    }
    if (take("?<=") || take("?<!")) {
      throw unsupported("a lookbehind");
    }
    if (take("?<")) {
      int end = text.indexOf('>', pos);
      if (end <= pos) {
        throw malformed("a broken group name");
      }
      pos = end + 1;
    } else if (!take("?:") && more() && text.charAt(pos) == '?') {
      throw unsupported("an unknown kind of group");
    }
    Regex inner = alternatives();
    if (!take(')')) {
      throw malformed("an unclosed group");
    }
    return inner;
  }

  private CodePoints single(int c) {
    return CodePoints.of(c, c);
  }

  private CodePoints bracket() {
    boolean negated = take('^');
    CodePoints set = CodePoints.NONE;
    while (!take(']')) {
      if (!more()) {
        throw malformed("an unclosed class");
      }
      CodePoints from = member(negated);
      if (more()
          && text.charAt(pos) == '-'
          && pos + 1 < text.length()
          && text.charAt(pos + 1) != ']') {
        pos++;
        CodePoints to = member(negated);
        if (!isSingle(from) || !isSingle(to)) {
          throw malformed("a range between classes");
        }
        if (from.low(0) > to.low(0)) {
          throw malformed("a range that runs backwards");
        }
        set = set.or(CodePoints.of(from.low(0), to.low(0)));
      } else {
        set = set.or(from);
      }
    }
    return negated ? set.not() : set;
  }

  private static boolean isSingle(CodePoints set) {
    return set.ranges() == 1 && set.low(0) == set.high(0);
  }

  private CodePoints member(boolean negated) {
    int c = text.codePointAt(pos);
    pos += Character.charCount(c);
    if (c != '\\') {
      return single(c);
    }
    if (take('b')) {
      return single('\b');
    }
    return escape(negated);
  }

  /** After the backslash. */
  private CodePoints escape(boolean negated) {
    if (!more()) {
      throw malformed("a lone backslash");
    }
    int c = text.codePointAt(pos);
    pos += Character.charCount(c);
    // Inside a negated class the smaller set of the two is the larger one.
    CodePoints space = mustMatch != negated ? ASCII_SPACE : ANY_SPACE;
    CodePoints solid = mustMatch != negated ? ANY_SPACE.not() : ASCII_SPACE.not();
    return switch (c) {
      case 'd' -> DIGIT;
      case 'D' -> DIGIT.not();
      case 'w' -> WORD;
      case 'W' -> WORD.not();
      case 's' -> space;
      case 'S' -> solid;
      case 't' -> single('\t');
      case 'n' -> single('\n');
      case 'r' -> single('\r');
      case 'f' -> single('\f');
      case 'v' -> single(0x0B);
      case '0' -> {
        if (more() && text.charAt(pos) >= '0' && text.charAt(pos) <= '9') {
          throw malformed("an octal escape");
        }
        yield single(0);
      }
      case 'c' -> {
        if (!more() || !WORD.contains(text.charAt(pos))) {
          throw malformed("a broken control escape");
        }
        yield single(text.charAt(pos++) & 31);
      }
      case 'x' -> single(hex(2));
      case 'u' -> single(unicode());
      case 'p' -> category();
      case 'P' -> category().not();
      default -> {
        if (c < 128 && Character.isLetterOrDigit(c)) {
          throw malformed("an unknown escape \\" + Character.toString(c));
        }
        yield single(c);
      }
    };
  }

  private int unicode() {
    if (take('{')) {
      int end = text.indexOf('}', pos);
      if (end < 0 || end == pos || end - pos > 6) {
        throw malformed("a broken \\u escape");
      }
      int value = hex(end - pos);
      pos = end + 1;
      return scalar(value);
    }
    int value = hex(4);
    if (Character.isHighSurrogate((char) value) && take("\\u")) {
      int low = hex(4);
      return Character.isLowSurrogate((char) low)
          ? Character.toCodePoint((char) value, (char) low)
          : scalar(0xD800);
    }
    return scalar(value);
  }

  private int scalar(int value) {
    if (value > Character.MAX_CODE_POINT || value >= 0xD800 && value <= 0xDFFF) {
      throw malformed("an escape that is no character");
    }
    return value;
  }

  private int hex(int digits) {
    int value = 0;
    for (int i = 0; i < digits; i++) {
      int digit = more() ? Character.digit(text.charAt(pos), 16) : -1;
      if (digit < 0) {
        throw malformed("a broken hexadecimal escape");
      }
      value = value * 16 + digit;
      pos++;
    }
    return value;
  }

  private CodePoints category() {
    int end = text.indexOf('}', pos);
    if (!take('{') || end < 0) {
      throw malformed("a broken \\p escape");
    }
    String name = text.substring(pos, end);
    pos = end + 1;
    @Nullable CodePoints set = Categories.named(name);
    if (set == null) {
      throw unsupported("the property \\p{" + name + "}");
    }
    return set;
  }
}
