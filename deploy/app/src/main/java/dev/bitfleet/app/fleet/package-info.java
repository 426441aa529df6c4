/** {@code bitfleet fleet}: a fleet as one of its nodes sees it. */
@NullMarked
package dev.bitfleet.app.fleet;

import org.jspecify.annotations.NullMarked;
