/**
 * A node's place in a cluster: who it is, whom it joins, and what carries its event bus and maps.
 *
 * <p>One Hazelcast member does for both the maps of the store and Vert.x's registrations. Nodes
 * that only work are lite members: they hold no data, so a conversation is never on a box that has
 * no journal.
 */
@NullMarked
package dev.bitfleet.app.cluster;

import org.jspecify.annotations.NullMarked;
