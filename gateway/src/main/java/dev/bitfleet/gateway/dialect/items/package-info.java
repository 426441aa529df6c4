/**
 * Items: what Responses and conversations are made of. An item is a JSON document in OpenAI's
 * shape, normalised once, when it comes in ({@link dev.bitfleet.gateway.dialect.items.ItemReader}):
 * it has an id, a type and a status, and a message's content is a list of parts. So it is stored,
 * listed and sent as it is, and no second model of it exists.
 *
 * <p>{@link dev.bitfleet.gateway.dialect.items.Items} makes them, {@link
 * dev.bitfleet.gateway.dialect.items.ItemMessages} lays them out as the messages of a chat, and
 * {@link dev.bitfleet.gateway.dialect.items.ItemIds} names them. Nodes that have been handed over
 * are not changed any more.
 */
@NullMarked
package dev.bitfleet.gateway.dialect.items;

import org.jspecify.annotations.NullMarked;
