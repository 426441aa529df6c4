/**
 * The way in: HTTP on one side, the fleet protocol on the other.
 *
 * <p>A request passes the rooms in this order, and control goes down once:
 *
 * <ol>
 *   <li>{@code http}: a route is matched, the body is read under limits.
 *   <li>{@code operations}: a handler for each operation takes it from there.
 *   <li>{@code contract}: the body is held against the OpenAPI document that {@code /openapi.json}
 *       serves.
 *   <li>{@code dialect}: one API's JSON becomes a {@link
 *       dev.bitfleet.gateway.completion.CompletionRequest}; later, events become that API's JSON.
 *   <li>{@code grammar} (pure): tools and schemas become the grammar that the output is held to.
 *   <li>{@code admission} (pure): a bounded queue gives the request its tickets.
 *   <li>{@code routing} (pure): heartbeats make a view of the fleet, of which a worker is chosen.
 *   <li>{@code dispatch}: the only room that knows the bus. It opens streams, watches them, tries
 *       again elsewhere, and hands {@link dev.bitfleet.gateway.completion.CompletionEvent}s back.
 * </ol>
 *
 * <p>{@code responses} holds what goes on without the request that began it, and {@code store} what
 * outlives the process.
 *
 * <p>{@code telemetry} counts, {@code management} shows. {@link
 * dev.bitfleet.gateway.GatewayVerticle} puts the rooms together; all of them live on its one event
 * loop, so none needs a lock.
 */
@NullMarked
package dev.bitfleet.gateway;

import org.jspecify.annotations.NullMarked;
