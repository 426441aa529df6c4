/** The fields of a JSON body, with the defaults of its operation: what all dialects read with. */
@NullMarked
package dev.bitfleet.gateway.dialect.fields;

import org.jspecify.annotations.NullMarked;
