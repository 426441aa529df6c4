package dev.bitfleet.gateway.store;

/**
 * A document.
 *
 * @param created Unix milliseconds
 * @param body not to be changed
 */
@SuppressWarnings("ArrayRecordComponent")
public record Document(String id, long created, byte[] body) {}
