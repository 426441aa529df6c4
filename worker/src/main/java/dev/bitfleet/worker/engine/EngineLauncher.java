package dev.bitfleet.worker.engine;

import java.util.function.Consumer;

/** Starts engine processes of one kind for one model. */
public interface EngineLauncher {

  /**
   * Starts a process. Called on an event loop context, which gets all its events.
   *
   * @return at once; {@link EngineEvent.Ready} or {@link EngineEvent.Lost} will follow
   */
  Engine launch(Consumer<EngineEvent> events);
}
