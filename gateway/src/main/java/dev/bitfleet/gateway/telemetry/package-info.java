/**
 * What is counted. Every label has a small fixed set of values: operations, status codes, outcomes,
 * states; never a model, a path or anything else a client can write.
 */
@NullMarked
package dev.bitfleet.gateway.telemetry;

import org.jspecify.annotations.NullMarked;
