package dev.bitfleet.app.config;

/** Something wrong with one value. */
public record Problem(Source source, String message) {
  @Override
  public String toString() {
    return source + ": " + message;
  }
}
