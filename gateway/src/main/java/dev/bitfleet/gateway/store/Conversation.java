package dev.bitfleet.gateway.store;

import tools.jackson.databind.node.ObjectNode;

/**
 * A conversation without its items.
 *
 * @param created Unix milliseconds
 * @param metadata not to be changed
 * @param items how many it has
 */
public record Conversation(String id, long created, ObjectNode metadata, int items) {}
