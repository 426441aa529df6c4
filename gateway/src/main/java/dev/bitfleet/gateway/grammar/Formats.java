package dev.bitfleet.gateway.grammar;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@code format} names, as patterns. Each admits only valid texts, and of these the plain
 * ones: no leap seconds, no comments in mail addresses, host names of short labels without two
 * hyphens in a row (those announce Punycode, whose validity is no regular property). A format that
 * is not here is an annotation, as the standard has it, except those in {@link #isRefused}, which
 * validators do check.
 */
final class Formats {
  private static final String LEAP_YEAR =
      "(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)";
  private static final String DATE =
      "((\\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)"
          + "|02-(0[1-9]|1\\d|2[0-8])))|"
          + LEAP_YEAR
          + "-02-29)";
  private static final String CLOCK = "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?";
  private static final String OFFSET = "(Z|[+-](0\\d|1[0-7]):[0-5]\\d)";

  private static final String LABEL = "[A-Za-z0-9]{1,12}(-[A-Za-z0-9]{1,8}){0,2}";
  private static final String HOST = "(" + LABEL + "\\.){0,7}" + LABEL;
  private static final String ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}";
  private static final String EMAIL =
      ATOM + "(\\." + ATOM + "){0,2}@(" + LABEL + "\\.){1,4}[A-Za-z]{2,12}";

  private static final String OCTET = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
  private static final String IPV4 = OCTET + "(\\." + OCTET + "){3}";
  private static final String H16 = "[0-9A-Fa-f]{1,4}";
  private static final String IPV6 =
      "(H:){7}H|(H:){1,7}:|(H:){1,6}:H|(H:){1,5}(:H){1,2}|(H:){1,4}(:H){1,3}|(H:){1,3}(:H){1,4}"
          + "|(H:){1,2}(:H){1,5}|H:(:H){1,6}|:((:H){1,7}|:)";

  private static final String PCHAR = "([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})";
  private static final String TAIL = "(\\?(" + PCHAR + "|[/?])*)?(#(" + PCHAR + "|[/?])*)?";
  private static final String DOMAIN =
      "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*";
  private static final String PATH = "(/" + PCHAR + "*)*";
  private static final String URI =
      "[A-Za-z][A-Za-z0-9+.-]{0,15}://"
          + DOMAIN
          + "(:\\d{1,4})?"
          + PATH
          + TAIL
          + "|(urn:[A-Za-z0-9]{2,16}:|mailto:)"
          + PCHAR
          + "+";
  private static final String POINTER = "(/([^#/~\\x00-\\x1f\\x7f-\\x9f]|~[01])*)*";

  private static final Map<String, String> PATTERNS =
      Map.ofEntries(
          Map.entry("date", DATE),
          Map.entry("time", CLOCK + OFFSET),
          Map.entry("date-time", DATE + "T" + CLOCK + OFFSET),
          Map.entry(
              "duration",
              "P(N W|(N D|N M(N D)?|N Y(N M(N D)?)?)(T(N H(N M(N S)?)?|N M(N S)?|N S))?"
                      .replace("N ", "\\d{1,6}")
                  + "|T(N H(N M(N S)?)?|N M(N S)?|N S))".replace("N ", "\\d{1,6}")),
          Map.entry("email", EMAIL),
          Map.entry("idn-email", EMAIL),
          Map.entry("hostname", HOST),
          Map.entry("idn-hostname", HOST.replace("A-Z", "")),
          Map.entry("ipv4", IPV4),
          Map.entry("ipv6", IPV6.replace("H", H16)),
          Map.entry("uuid", "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
          Map.entry("uri", URI),
          Map.entry("iri", URI),
          Map.entry("uri-reference", URI + "|/(" + PCHAR + "+" + PATH + ")?" + TAIL),
          Map.entry("iri-reference", URI + "|/(" + PCHAR + "+" + PATH + ")?" + TAIL),
          Map.entry("uri-template", URI + "|/(" + PCHAR + "+" + PATH + ")?" + TAIL),
          Map.entry("json-pointer", POINTER),
          Map.entry("relative-json-pointer", "(0|[1-9]\\d{0,3})(#|" + POINTER + ")"));

  private Formats() {}

  static boolean isKnown(String format) {
    return PATTERNS.containsKey(format) || isRefused(format);
  }

  /** Formats that validators assert and no pattern can. */
  static boolean isRefused(String format) {
    return format.equals("regex");
  }

  /** The whole text's pattern, anchored; null if the format is none that we know. */
  static @Nullable String pattern(String format) {
    String pattern = PATTERNS.get(format);
    return pattern == null ? null : "^(?:" + pattern + ")$";
  }
}
