package dev.bitfleet.gateway.store;

/** A document and whose it is. */
public record Owned(String tenant, Document document) {}
