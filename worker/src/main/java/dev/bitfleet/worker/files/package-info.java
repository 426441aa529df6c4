/** Files that other processes may read at any moment: each is there whole, or not at all. */
@NullMarked
package dev.bitfleet.worker.files;

import org.jspecify.annotations.NullMarked;
