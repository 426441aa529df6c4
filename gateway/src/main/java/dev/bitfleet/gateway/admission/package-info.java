/**
 * Who may have a slot, and when. A bounded queue, first come first served within a model, that is
 * told the time and decides; it knows neither HTTP nor the bus, nor a clock of its own.
 */
@NullMarked
package dev.bitfleet.gateway.admission;

import org.jspecify.annotations.NullMarked;
