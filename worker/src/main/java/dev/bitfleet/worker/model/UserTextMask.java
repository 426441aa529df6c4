package dev.bitfleet.worker.model;

import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Keeps text that users wrote from becoming control tokens on its way through a chat template.
 *
 * <p>A template glues its own literals and the users' strings into one text, in which control
 * tokens are then looked for. So before rendering, single code units of the users' strings are
 * replaced by private-use ones that occur nowhere else in the request, and put back afterwards in
 * the stretches that are no control token. Which units:
 *
 * <ol>
 *   <li>every occurrence of a unit that some control token begins with, if it is punctuation: then
 *       no control token can begin inside user text, whatever filters cut or join;
 *   <li>for control tokens that begin with a letter, digit or space: the unit where one begins, or
 *       where the rest of the string is the beginning of one that what follows could complete;
 *   <li>the first unit of a string that could continue a control token the template began, as in
 *       <code>&lt;|{{ name }}|&gt;</code>.
 * </ol>
 *
 * <p>Masks have the length of what they stand for, and punctuation has neither case nor width, so
 * trim, upper and length behave as on the text itself.
 */
final class UserTextMask {
  private static final char FIRST_PRIVATE = '\uE000';
  private static final char LAST_PRIVATE = '\uF8FF';

  private final ControlBeginnings controls;
  private final Map<Character, Character> maskOf = new TreeMap<>();
  private final Map<Character, Character> original = new TreeMap<>();

  private UserTextMask(ControlBeginnings controls) {
    this.controls = controls;
  }

  /**
   * A mask for one request.
   *
   * @param texts everything that will be rendered: the users' strings and the template itself
   * @throws ChatTemplateException when the texts leave too few private-use characters
   */
  static UserTextMask forRequest(ControlBeginnings controls, Collection<String> texts)
      throws ChatTemplateException {
    UserTextMask mask = new UserTextMask(controls);
    Set<Character> taken = new HashSet<>();
    for (String text : texts) {
      text.chars().filter(unit -> isPrivate((char) unit)).forEach(unit -> taken.add((char) unit));
    }
    char next = FIRST_PRIVATE;
    // Rules 1 and 2 mask first units, rule 3 any: each unit of a control token may need a mask.
    for (char unit : controls.units()) {
      while (next <= LAST_PRIVATE && taken.contains(next)) {
        next++;
      }
      if (next > LAST_PRIVATE) {
        throw new ChatTemplateException("the messages use every private-use character");
      }
      mask.maskOf.put(unit, next);
      mask.original.put(next, unit);
      next++;
    }
    return mask;
  }

  /** The string with its dangerous units masked; as long as it was. */
  String mask(String text) {
    StringBuilder masked = new StringBuilder(text);
    for (int i = 0; i < text.length(); i++) {
      char unit = text.charAt(i);
      if (controls.beginsPunctuated(unit)
          || controls.beginsWord(text, i)
          || (i == 0 && controls.continues(text))) {
        // Every unit those three can name is one of a control token, and has its mask.
        masked.setCharAt(i, maskOf.getOrDefault(unit, unit));
      }
    }
    return masked.toString();
  }

  /** The text with every mask replaced by what it stood for. */
  String unmask(CharSequence text) {
    StringBuilder plain = new StringBuilder(text);
    for (int i = 0; i < plain.length(); i++) {
      Character unit = original.get(plain.charAt(i));
      if (unit != null) {
        plain.setCharAt(i, unit);
      }
    }
    return plain.toString();
  }

  private static boolean isPrivate(char unit) {
    return unit >= FIRST_PRIVATE && unit <= LAST_PRIVATE;
  }
}
