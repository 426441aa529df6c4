/**
 * The API's contract. {@code openapi.yaml} is the single source: it is served as {@code
 * /openapi.json}, bodies are validated against its schemas, {@link
 * dev.bitfleet.gateway.contract.Operation} pins its operation ids, and {@link
 * dev.bitfleet.gateway.contract.ApiError} is its error envelope.
 */
@NullMarked
package dev.bitfleet.gateway.contract;

import org.jspecify.annotations.NullMarked;
