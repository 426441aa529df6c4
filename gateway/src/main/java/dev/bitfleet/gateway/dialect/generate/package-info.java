/**
 * {@code /api/v1/generate}: one text continued, in a flat answer with its token counts and the time
 * it took.
 */
@NullMarked
package dev.bitfleet.gateway.dialect.generate;

import org.jspecify.annotations.NullMarked;
