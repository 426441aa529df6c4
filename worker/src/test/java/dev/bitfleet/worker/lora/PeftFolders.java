package dev.bitfleet.worker.lora;

import dev.bitfleet.worker.engine.TestModels;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** PEFT adapters with the numbers of random GGUF ones, as PEFT would have saved them. */
public final class PeftFolders {
  private static final Map<String, String> MODULES =
      Map.of(
          "attn_q", "self_attn.q_proj",
          "attn_k", "self_attn.k_proj",
          "attn_v", "self_attn.v_proj",
          "attn_output", "self_attn.o_proj",
          "ffn_gate", "mlp.gate_proj",
          "ffn_up", "mlp.up_proj",
          "ffn_down", "mlp.down_proj");

  private PeftFolders() {}

  /** One tensor: its shape, slowest dimension first, and its bytes. */
  record Matrix(String type, int rows, int columns, byte[] bytes) {}

  /** A GGUF adapter for that model, as the engine makes them. */
  public static Path random(Path model, Path file, String type) {
    TestModels.run(
        List.of(
            TestModels.engine().toString(),
            "random-adapter",
            "--model",
            model.toString(),
            "--out",
            file.toString(),
            "--rank",
            "4",
            "--alpha",
            "6",
            "--type",
            type,
            "--targets",
            "attn_q,attn_k,attn_v,attn_output,ffn_gate,ffn_up,ffn_down"));
    return file;
  }

  /**
   * Its twin.
   *
   * @param heads of q and of k when their rows must go back to where PEFT has them; 0 = they are
   *     there
   */
  public static void twin(Path adapter, Path folder, int heads, int kvHeads) throws IOException {
    var matrices = new LinkedHashMap<String, Matrix>();
    read(adapter)
        .forEach(
            (name, matrix) -> {
              String[] parts = name.split("\\.");
              boolean second = parts[4].equals("lora_b");
              int count =
                  !second
                      ? 0
                      : parts[2].equals("attn_q") ? heads : parts[2].equals("attn_k") ? kvHeads : 0;
              matrices.put(
                  "base_model.model.model.layers.%s.%s.lora_%s.weight"
                      .formatted(parts[1], MODULES.get(parts[2]), second ? "B" : "A"),
                  count == 0 ? matrix : apart(matrix, count));
            });
    write(folder, matrices, "{\"peft_type\":\"LORA\",\"r\":4,\"lora_alpha\":6}");
  }

  /** Rows 2j and 2j + 1 of each head go to j and half a head later. */
  private static Matrix apart(Matrix matrix, int heads) {
    int row = matrix.bytes().length / matrix.rows();
    int perHead = matrix.rows() / heads;
    byte[] bytes = new byte[matrix.bytes().length];
    for (int from = 0; from < matrix.rows(); from++) {
      int within = from % perHead;
      int to = from - within + within / 2 + (within % 2) * perHead / 2;
      System.arraycopy(matrix.bytes(), from * row, bytes, to * row, row);
    }
    return new Matrix(matrix.type(), matrix.rows(), matrix.columns(), bytes);
  }

  static void write(Path folder, Map<String, Matrix> matrices, String configuration)
      throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("adapter_config.json"), configuration);
    var entries = new ArrayList<String>();
    var data = new ByteArrayOutputStream();
    for (Map.Entry<String, Matrix> each : matrices.entrySet()) {
      Matrix matrix = each.getValue();
      entries.add(
          "\"%s\":{\"dtype\":\"%s\",\"shape\":[%d,%d],\"data_offsets\":[%d,%d]}"
              .formatted(
                  each.getKey(),
                  matrix.type(),
                  matrix.rows(),
                  matrix.columns(),
                  data.size(),
                  data.size() + matrix.bytes().length));
      data.writeBytes(matrix.bytes());
    }
    Files.write(
        folder.resolve("adapter_model.safetensors"),
        safetensors(
            "{\"__metadata__\":{\"format\":\"pt\"},%s}".formatted(String.join(",", entries)),
            data.toByteArray()));
  }

  static byte[] safetensors(String header, byte[] data) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + json.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.length)
        .put(json)
        .put(data)
        .array();
  }

  /** All tensors of a small GGUF adapter that has only texts and floats for metadata. */
  static Map<String, Matrix> read(Path file) {
    ByteBuffer in;
    try {
      in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    in.position(8);
    long tensors = in.getLong();
    long keys = in.getLong();
    for (long i = 0; i < keys; i++) {
      text(in);
      if (in.getInt() == 8) {
        text(in);
      } else {
        in.getInt();
      }
    }
    record Place(String name, int columns, int rows, int type, long offset) {}
    var places = new ArrayList<Place>();
    for (long i = 0; i < tensors; i++) {
      String name = text(in);
      in.getInt();
      places.add(
          new Place(name, (int) in.getLong(), (int) in.getLong(), in.getInt(), in.getLong()));
    }
    int data = (in.position() + 31) / 32 * 32;
    var matrices = new LinkedHashMap<String, Matrix>();
    for (Place each : places) {
      byte[] bytes = new byte[each.columns() * each.rows() * (each.type() == 0 ? 4 : 2)];
      in.get(data + (int) each.offset(), bytes);
      String type = each.type() == 0 ? "F32" : each.type() == 1 ? "F16" : "BF16";
      matrices.put(each.name(), new Matrix(type, each.rows(), each.columns(), bytes));
    }
    return matrices;
  }

  private static String text(ByteBuffer in) {
    byte[] utf8 = new byte[(int) in.getLong()];
    in.get(utf8);
    return new String(utf8, StandardCharsets.UTF_8);
  }
}
