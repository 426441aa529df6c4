/**
 * A worker: one core set, one native engine, its slots.
 *
 * <p>{@link dev.bitfleet.worker.WorkerVerticle} puts a {@link dev.bitfleet.worker.Worker} on the
 * bus. That owns the engine and knows neither bus nor clock nor files, so that it can be run in a
 * simulated world. Work arrives at three desks: streams, embeddings and questions about text. The
 * desk for streams claims a slot (worker.slot), lays the prompt out by the model's own chat
 * template (worker.model), and hands it to the engine (worker.engine), which a supervisor keeps
 * alive (worker.supervise) on the cores the plan gave it (worker.topology).
 */
@NullMarked
package dev.bitfleet.worker;

import org.jspecify.annotations.NullMarked;
