package dev.bitfleet.worker;

import dev.bitfleet.worker.model.ChatRenderer;
import dev.bitfleet.worker.model.ModelFile;
import dev.bitfleet.worker.supervise.EngineSupervisor;

/** What a worker has once its model file has been read. */
record Serving(ModelFile model, ChatRenderer renderer, EngineSupervisor supervisor) {}
