/**
 * The terminal client of {@code bitfleet chat}. It knows nothing of the servers of this project: it
 * speaks HTTP with any server that has OpenAI's API ({@link dev.bitfleet.app.chat.ChatServer}).
 *
 * <p>A {@link dev.bitfleet.app.chat.Chat} is what was said. It is kept by this client, which sends
 * it along with every message, or by the server as a conversation. {@link
 * dev.bitfleet.app.chat.ChatLoop} is the dialogue; {@link dev.bitfleet.app.chat.Screen} is the
 * terminal under it, or plain streams when there is none.
 */
@NullMarked
package dev.bitfleet.app.chat;

import org.jspecify.annotations.NullMarked;
