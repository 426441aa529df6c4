/**
 * Who may ask, for what, and how much. An {@link dev.bitfleet.gateway.keys.ApiKey} is known by the
 * hash of its secret only; a {@link dev.bitfleet.gateway.keys.KeyFile} lists them; a {@link
 * dev.bitfleet.gateway.keys.KeyRing} finds the one a client holds; an {@link
 * dev.bitfleet.gateway.keys.Allowance} keeps count of what each has used.
 *
 * <p>Everything but the file is pure: time is an argument. Counts are those of one gateway.
 */
@NullMarked
package dev.bitfleet.gateway.keys;

import org.jspecify.annotations.NullMarked;
