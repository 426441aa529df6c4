package dev.bitfleet.worker;

import dev.bitfleet.worker.model.ModelFile;
import dev.bitfleet.worker.model.Renderer;
import dev.bitfleet.worker.supervise.EngineSupervisor;

/**
 * What a worker has once its model file has been read.
 *
 * @param quantization the type most weights are in
 */
record Serving(
    ModelFile model, String quantization, Renderer renderer, EngineSupervisor supervisor) {}
