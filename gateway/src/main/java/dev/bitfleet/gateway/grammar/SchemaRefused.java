package dev.bitfleet.gateway.grammar;

/**
 * A schema that no grammar is made of, and why. The path is written like every {@code param} of an
 * error: {@code response_format.json_schema.schema.properties.a}.
 */
public final class SchemaRefused extends RuntimeException {
  private static final long serialVersionUID = 1;

  private static final int MAX_PATH = 256;
  private static final int MAX_MESSAGE = 600;

  /** What kind of trouble it is. */
  public enum Reason {
    /** Not a JSON Schema: a keyword has a value of the wrong kind, a reference leads nowhere. */
    MALFORMED,
    /** A keyword, or a combination of them, that a grammar cannot promise. */
    UNSUPPORTED,
    /** Beyond a limit on size, depth or work. */
    TOO_LARGE,
    /** No finite document satisfies it. */
    UNSATISFIABLE,
    /** It breaks a rule that {@code strict: true} adds. */
    NOT_STRICT
  }

  private final Reason reason;
  private final String path;

  SchemaRefused(Reason reason, String path, String message) {
    super(clipped(message, MAX_MESSAGE), null, false, false);
    this.reason = reason;
    this.path = clipped(path, MAX_PATH);
  }

  private static String clipped(String text, int length) {
    return text.length() <= length ? text : text.substring(0, length) + "…";
  }

  public Reason reason() {
    return reason;
  }

  /** The place in the request, from the path that the caller gave for the schema. */
  public String path() {
    return path;
  }

  /** Always there, unlike that of other exceptions. */
  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
