package dev.bitfleet.gateway.store;

/**
 * What a request was answered with, and its repeats will be.
 *
 * @param body not to be changed
 */
@SuppressWarnings("ArrayRecordComponent")
public record StoredAnswer(int status, String contentType, byte[] body) {}
