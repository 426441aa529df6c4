package dev.bitfleet.proto;

import dev.bitfleet.proto.fleet.v1.NotedPrompt;

/** Notes of prompts as protobuf and back. */
final class NoteMapping {
  private NoteMapping() {}

  static dev.bitfleet.proto.fleet.v1.PromptNote toProto(PromptNote note) {
    var proto =
        dev.bitfleet.proto.fleet.v1.PromptNote.newBuilder()
            .setWorkerId(note.workerId())
            .setFingerprint(note.fingerprint())
            .setKind(
                switch (note.kind()) {
                  case ENGINE_LOST -> dev.bitfleet.proto.fleet.v1.PromptNote.Kind.KIND_ENGINE_LOST;
                  case CLEARED -> dev.bitfleet.proto.fleet.v1.PromptNote.Kind.KIND_CLEARED;
                });
    for (PromptNote.Prompt prompt : note.prompts()) {
      proto.addPrompts(
          NotedPrompt.newBuilder()
              .setHashHigh(prompt.hashHigh())
              .setHashLow(prompt.hashLow())
              .setTokens(prompt.tokens())
              .setAccepted(prompt.accepted()));
    }
    return proto.build();
  }

  static PromptNote fromProto(dev.bitfleet.proto.fleet.v1.PromptNote proto) {
    return new PromptNote(
        proto.getWorkerId(),
        proto.getFingerprint(),
        switch (proto.getKind()) {
          case KIND_ENGINE_LOST -> PromptNote.Kind.ENGINE_LOST;
          case KIND_CLEARED -> PromptNote.Kind.CLEARED;
          case KIND_UNSPECIFIED, UNRECOGNIZED ->
              throw new IllegalArgumentException("an unknown kind of note");
        },
        proto.getPromptsList().stream()
            .map(
                p ->
                    new PromptNote.Prompt(
                        p.getHashHigh(), p.getHashLow(), p.getTokens(), p.getAccepted()))
            .toList());
  }
}
