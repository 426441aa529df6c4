/**
 * Fetching models from a hub that speaks Hugging Face's API.
 *
 * <p>{@link dev.bitfleet.app.pull.Pull} is the way of one command: ask what the repository holds
 * ({@link dev.bitfleet.app.pull.Hub}), choose files ({@link dev.bitfleet.app.pull.Choice}), fetch
 * each ({@link dev.bitfleet.app.pull.Download}), and put them into the model home with a record of
 * their origin. What a hub says is data of a stranger: names of files are checked, sizes bounded,
 * and a file counts only when its hash is the one the repository has for it.
 *
 * <p>The revision that was asked for is resolved to a commit once, and everything is fetched at
 * that commit, so a push in the middle mixes nothing. Partial files are named by their content's
 * hash: what is resumed is always the same file.
 */
@NullMarked
package dev.bitfleet.app.pull;

import org.jspecify.annotations.NullMarked;
