/**
 * The one place that sees both rooms: it puts gateway and workers into one JVM and gives them a
 * command line.
 *
 * <p>{@link dev.bitfleet.app.Main} hands over to the commands of {@code cli}; {@code serve} reads
 * the configuration ({@code config}), finds the model and lays out the cores, and starts a {@link
 * dev.bitfleet.app.serve.LocalFleet}: a Vert.x, the fleet's codecs, one worker verticle for each
 * engine, the gateway. {@code doctor} looks at the machine and says what is wrong with it.
 */
@NullMarked
package dev.bitfleet.app;

import org.jspecify.annotations.NullMarked;
