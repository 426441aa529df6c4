/**
 * What outlives a request: conversations, responses, stored completions, and the answers that a
 * repeated request gets again.
 *
 * <p>Everything is in Hazelcast's maps, where each node of the fleet finds it, and in the journal
 * of the node that wrote it, a SQLite file that survives the process; or in one journal of all
 * nodes, a table in PostgreSQL ({@link dev.bitfleet.gateway.store.JournalStorage}). The rule
 * ({@link dev.bitfleet.gateway.store.Commit}): a change is first made durable in the journal,
 * together with all that belongs to it, then applied to the maps and their backup, and only then
 * acknowledged. At start a node puts what its journal holds into the maps; that is a union ({@link
 * dev.bitfleet.gateway.store.Union}), so the order in which nodes come back does not matter.
 *
 * <p>A conversation is a document and a row of <em>places</em>; a place holds a turn, which is all
 * the items that came together. A turn is one entry and one row, so none is ever half there.
 * Whoever wants to append holds the conversation's lease ({@link
 * dev.bitfleet.gateway.store.Leases}), which makes one order of two clients; if two should hold it
 * at once all the same, both of their turns end up at one place, and none is lost.
 *
 * <p>What a repeated request is answered with knows what it tells of, and goes with it ({@link
 * dev.bitfleet.gateway.store.Answers}). Event logs are read piece by piece ({@link
 * dev.bitfleet.gateway.store.EventLogReader}), so that a slow reader holds nothing.
 *
 * <p>Everything belongs to a tenant. What a foreign one asks for is not found, in the same words
 * and with the same work as what never was.
 *
 * <p>Code in here may block: it runs on virtual threads ({@link
 * dev.bitfleet.gateway.store.OffLoop}), and its results come back on the caller's event loop. Only
 * the journal's own thread touches the file or the database.
 */
@NullMarked
package dev.bitfleet.gateway.store;

import org.jspecify.annotations.NullMarked;
