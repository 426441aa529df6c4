/**
 * Which models a node has loaded, and how that changes while it serves.
 *
 * <p>{@link dev.bitfleet.worker.host.ModelHost} owns the node's workers. A command comes over the
 * bus: it finds the file in the model home, starts workers for it <em>beside</em> those that serve,
 * waits until each has made a token, and only then lets the old ones drain. Until that moment
 * nothing has changed for anybody; a load that fails is undone and leaves no trace.
 *
 * <p>Who was asked for under the old id is served by the new model: the new workers carry the old
 * ids as aliases, so that neither a request that waits in a queue nor a client's configuration
 * breaks because a model was replaced. A model that is loaded under such an id itself takes
 * precedence.
 */
@NullMarked
package dev.bitfleet.worker.host;

import org.jspecify.annotations.NullMarked;
