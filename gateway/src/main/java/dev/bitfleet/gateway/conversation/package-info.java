/**
 * Conversations and stored chat completions: the operations on what the store keeps for chats.
 *
 * <p>A chat in a conversation ({@link dev.bitfleet.gateway.conversation.ConversationChat}) takes
 * the conversation's turn, puts its history before the messages of the request, generates, and
 * commits what was said and answered before the answer ends. A chat that fails, or whose client
 * leaves, changes nothing and gives the turn back. What it keeps are OpenAI's items, so that
 * Responses and the older chat see one conversation.
 */
@NullMarked
package dev.bitfleet.gateway.conversation;

import org.jspecify.annotations.NullMarked;
