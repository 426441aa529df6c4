package dev.bitfleet.gateway.http;

/**
 * Who asks. What one caller stores, no other one sees.
 *
 * @param tenant names whom things belong to; empty when the server asks for no key
 * @param scope the tenant as cached prefixes know it
 */
public record Caller(String tenant, long scope) {
  /** Everybody, on a server that asks for no key. */
  public static final Caller ANYONE = new Caller("", 0);
}
