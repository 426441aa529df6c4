/**
 * What an operator may set, and where it was set.
 *
 * <p>Every setting has one name in three spellings: {@code management-port} in the YAML file,
 * {@code BITFLEET_MANAGEMENT_PORT} in the environment, {@code --management-port} on the command
 * line. In the file a mapping is only a prefix, so {@code management: {port: 9090}} says the same.
 * {@link dev.bitfleet.app.config.Settings} is the one table of them, with defaults and limits.
 *
 * <p>The three are read as {@link dev.bitfleet.app.config.Layer}s of plain text, laid over each
 * other (flag over variable over file over default) and turned once, by {@link
 * dev.bitfleet.app.config.ConfigurationLoader}, into records. Nothing is read later. Each value
 * remembers its {@link dev.bitfleet.app.config.Source}, and each {@link
 * dev.bitfleet.app.config.Problem} names it; all problems are told at once. A name nobody knows is
 * a problem too: a misspelt limit that is silently ignored is worse than none.
 */
@NullMarked
package dev.bitfleet.app.config;

import org.jspecify.annotations.NullMarked;
