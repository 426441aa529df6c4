package dev.bitfleet.app.simulation;

/** Bugs that can be planted, each of which the simulation must find. */
enum Flaw {
  /** A token is left out, and the numbers do not show it. */
  A_TOKEN_IS_LOST,
  /** A token comes twice, and the numbers do not show it. */
  A_TOKEN_COMES_TWICE,
  /** Two tokens change places, and the numbers do not show it. */
  TOKENS_CHANGE_PLACES,
  /** An engine that goes on draws other tokens than the one before it would have. */
  GOING_ON_DRAWS_OTHERS,
  /** An engine that goes on begins with the first token. */
  GOING_ON_BEGINS_ANEW,
  /** What was drawn elsewhere is counted once more. */
  USAGE_COUNTS_TWICE,
  /** A dead engine's streams end as if they were whole. */
  DEATH_LOOKS_LIKE_AN_END,
  /** The end of a sequence does not free its slot. */
  A_SLOT_IS_KEPT,
  /** A cancelled sequence is computed to its end. */
  CANCELS_ARE_IGNORED,
  /** A worker thinks that it has one slot more than its engine. */
  ONE_SLOT_TOO_MANY,
  /** An open that nobody answers is waited for without end. */
  OPENS_ARE_AWAITED_FOR_EVER,
  /** Nobody looks for silence and deadlines. */
  NOBODY_LOOKS_FOR_SILENCE,
  /** An engine that stands still is let stand. */
  A_STALL_GOES_UNSEEN,
  /** A client that has left hears more. */
  CANCELLED_CLIENTS_HEAR_MORE,
  /** The end is told twice. */
  THE_END_COMES_TWICE,
  /** A worker that was full keeps to itself that it no longer is. */
  FREED_SLOTS_ARE_NOT_TOLD,
  /** A right to a slot is never given back. */
  A_TICKET_IS_KEPT
}
