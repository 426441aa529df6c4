package dev.bitfleet.gateway.dialect.tools;

/**
 * A call that a model made.
 *
 * @param arguments JSON text
 * @param whole false: the output ended within it, and its arguments are not to be relied on
 */
public record ReadCall(String name, String arguments, boolean whole) {}
