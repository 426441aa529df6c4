/**
 * The model home: a folder of model files and what is known of each.
 *
 * <p>Models lie as {@code OWNER/REPO/FILE.gguf}, the way a hub names them, or as plain files.
 * {@link dev.bitfleet.worker.home.ModelHome} turns a name into a file. It has two doors. The
 * command line may name any path ({@code find}): whoever types it owns the machine. A request over
 * the network may not ({@code resolve}): names only, whose file lies in the home after every
 * symbolic link has been followed.
 *
 * <p>{@link dev.bitfleet.worker.home.ModelFacts} is what a file says of itself, {@link
 * dev.bitfleet.worker.home.ModelOrigin} where it was pulled from, kept in a small JSON file beside
 * it.
 */
@NullMarked
package dev.bitfleet.worker.home;

import org.jspecify.annotations.NullMarked;
