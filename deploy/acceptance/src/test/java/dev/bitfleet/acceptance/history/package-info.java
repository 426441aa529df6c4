/** What clients said to a fleet and what it shows afterwards, and whether the two agree. Pure. */
@NullMarked
package dev.bitfleet.acceptance.history;

import org.jspecify.annotations.NullMarked;
