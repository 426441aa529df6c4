/** The demo model inside the jar; all others are in the model home. */
@NullMarked
package dev.bitfleet.app.model;

import org.jspecify.annotations.NullMarked;
