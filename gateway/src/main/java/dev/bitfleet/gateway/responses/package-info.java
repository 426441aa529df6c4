/**
 * Responses as things that live: they are started, they run with or without a client, they are
 * followed, called off, kept and continued.
 *
 * <p>{@link dev.bitfleet.gateway.responses.ResponseRun} is one of them on its way. It gathers its
 * context ({@code ContextReader}), runs a completion, and writes the API's events to its log
 * ({@code LiveEvents}). Readers follow the log, each at its own pace: a slow one costs an index and
 * a socket's queue, never a copy. What a client leaves behind goes on for a while, so that it can
 * be taken up again where it stopped, by whoever has the id.
 *
 * <p>Nothing is said before it is so: a response is kept, its items are in their conversation, and
 * only then does {@code response.completed} go out. A background response is kept as work to do
 * before it is acknowledged, and what a killed server leaves undone its next start does again
 * ({@code Recovery}).
 *
 * <p>Everything here lives on the gateway's event loop.
 */
@NullMarked
package dev.bitfleet.gateway.responses;

import org.jspecify.annotations.NullMarked;
