package dev.bitfleet.app.config;

import java.time.Duration;
import java.util.Optional;

/**
 * What is kept, and how much of it.
 *
 * @param ttl after which what has not been changed is forgotten
 * @param memory all that is kept together, in this process
 * @param conversations of one tenant
 * @param conversationItems of one conversation
 * @param conversationSize all items of one conversation together, as JSON
 * @param journal empty = a file in the data folder
 */
public record StoreConfiguration(
    Duration ttl,
    DataSize memory,
    int conversations,
    int conversationItems,
    DataSize conversationSize,
    Optional<JournalConfiguration> journal) {}
