/**
 * The operators' port, apart from the API: liveness, readiness, metrics, the workers as this
 * gateway sees them.
 */
@NullMarked
package dev.bitfleet.gateway.management;

import org.jspecify.annotations.NullMarked;
