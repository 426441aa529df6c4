package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.dispatch.ContextFit;
import dev.bitfleet.gateway.dispatch.Dispatcher;
import dev.bitfleet.gateway.dispatch.TextService;
import dev.bitfleet.gateway.operations.GrammarCompiler;
import dev.bitfleet.gateway.operations.UnknownModels;

/** What of the fleet responses need: its generation, its counting, and grammars for it. */
public record FleetAccess(
    Dispatcher dispatcher,
    ContextFit fit,
    GrammarCompiler grammars,
    TextService text,
    UnknownModels unknown) {}
