/**
 * The commands, a class each.
 *
 * <p>Commands read their arguments, call what does the work, and turn the outcome into text and an
 * {@link dev.bitfleet.app.cli.ExitCode}. What a person should read goes to stdout; the log goes to
 * stderr.
 */
@NullMarked
package dev.bitfleet.app.cli;

import org.jspecify.annotations.NullMarked;
