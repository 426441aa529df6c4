/** The engine's logits against a float64 reference in another language. */
@NullMarked
package dev.bitfleet.worker.golden;

import org.jspecify.annotations.NullMarked;
