package dev.bitfleet.proto;

/** What is asked of one worker; its reply is the same value. */
public enum WorkerCall {
  /** Start the engine of an idle worker. Answered at once; heartbeats tell the rest. */
  WAKE,
  /** Take no new streams. Answered when the last one has ended. */
  DRAIN,
  /** Stop being {@link WorkerHeartbeat.State#PREPARED}. Answered when the fleet has been told. */
  OFFER
}
