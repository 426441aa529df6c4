package dev.bitfleet.gateway.dialect;

/**
 * What marks an answer.
 *
 * @param id its unique part, without the dialect's prefix
 * @param created Unix seconds
 */
public record AnswerStamp(String id, long created) {}
