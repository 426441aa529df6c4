/**
 * Bitfleet within one's own program: {@link dev.bitfleet.Bitfleet}. What {@code bitfleet serve}
 * does, it does through this class too.
 */
@NullMarked
package dev.bitfleet;

import org.jspecify.annotations.NullMarked;
