"""Write the graph of all-MiniLM-L6-v2 without its weights: what the package ships as `minilm.onnx`.

The graph is that of BERT (Devlin et al. 2018, https://arxiv.org/abs/1810.04805) with the sizes of the model's
`config.json`, then the mean over the attention mask and length 1, as the model's `modules.json` asks. Every weight is
an initializer named as in `model.safetensors` and of the same layout, so that the file's bytes are used as they lie:
the dense layers are `Gemm` with `transB`, which takes the (out, in) matrices of PyTorch untransposed. The offsets into
the file are left out; whoever loads the graph hands the tensors in. The words' vectors, half of the file, are no part
of the graph but its input: looked up by the caller, only those pages are read that hold the words of a text.

Attention is an operator of onnxruntime's own
(https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md), all others are standard ONNX.

    python tools/export_minilm/export.py            # writes the graph
    python tools/export_minilm/export.py --check    # exit status 1 where the one in the package differs
"""

from __future__ import annotations

import argparse
from pathlib import Path

from onnx import ModelProto, NodeProto, TensorProto, helper

TARGET = Path(__file__).resolve().parents[2] / "pytest_llmlearn" / "adapters" / "embedders" / "minilm.onnx"
LAYERS, HEADS, HIDDEN, INNER, POSITIONS, KINDS = 6, 12, 384, 1536, 512, 2
EPSILON = 1e-12
OPSET, IR_VERSION = 20, 9  # onnxruntime knows them since 1.17
OURS = "com.microsoft"


class Graph:
    """Nodes and weights in the order in which they are needed."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []
        self.constants: list[TensorProto] = []

    def node(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def weight(self, name: str, *shape: int) -> str:
        """A tensor of the weights' file. ONNX wants a place for it, which is never read."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="model.safetensors")
        self.weights.append(tensor)
        return name

    def constant(self, name: str, kind: int, values: list[int] | list[float], scalar: bool = False) -> str:
        self.constants.append(helper.make_tensor(name, kind, [] if scalar else [len(values)], values))
        return name

    def dense(self, source: str, weights: str, inward: int, outward: int, output: str) -> str:
        """`source @ weight.T + bias`, the rows being tokens."""
        weight = self.weight(f"{weights}.weight", outward, inward)
        bias = self.weight(f"{weights}.bias", outward)
        return self.node("Gemm", [source, weight, bias], output, transB=1)

    def normalised_sum(self, one: str, other: str, weights: str, output: str) -> str:
        scale = self.weight(f"{weights}.weight", HIDDEN)
        shift = self.weight(f"{weights}.bias", HIDDEN)
        # onnxruntime has both in one operator, which takes twice as long on a processor.
        added = self.node("Add", [one, other], f"{output}_sum")
        return self.node("LayerNormalization", [added, scale, shift], output, axis=-1, epsilon=EPSILON)


def embedded(graph: Graph) -> str:
    """The tokens' vectors before the first layer, (texts, tokens, hidden)."""
    position = graph.weight("embeddings.position_embeddings.weight", POSITIONS, HIDDEN)
    kind = graph.weight("embeddings.token_type_embeddings.weight", KINDS, HIDDEN)
    length = graph.node("Shape", ["words"], "length", start=1, end=2)
    zero = graph.constant("zero", TensorProto.INT64, [0])
    places = graph.node("Slice", [position, zero, length, zero], "places")
    first = graph.node("Gather", [kind, zero], "first_kind")  # one text, so all tokens are of the first kind
    placed = graph.node("Add", ["words", graph.node("Add", [places, first], "places_of_kind")], "placed")
    scale = graph.weight("embeddings.LayerNorm.weight", HIDDEN)
    shift = graph.weight("embeddings.LayerNorm.bias", HIDDEN)
    return graph.node("LayerNormalization", [placed, scale, shift], "embedded", axis=-1, epsilon=EPSILON)


def layer(graph: Graph, number: int, source: str) -> str:
    """One layer over tokens as rows, (texts * tokens, hidden)."""
    name, at = f"encoder.layer.{number}", f"layer{number}"
    parts = []
    for part in ("query", "key", "value"):
        rows = graph.dense(source, f"{name}.attention.self.{part}", HIDDEN, HIDDEN, f"{at}.{part}_rows")
        parts.append(graph.node("Reshape", [rows, "texts_tokens_hidden"], f"{at}.{part}"))
    attended = graph.node("MultiHeadAttention", [*parts, "", "attention_mask"], f"{at}.attended", OURS, num_heads=HEADS)
    rows = graph.node("Reshape", [attended, "rows_hidden"], f"{at}.attended_rows")
    out = graph.dense(rows, f"{name}.attention.output.dense", HIDDEN, HIDDEN, f"{at}.out")
    middle = graph.normalised_sum(out, source, f"{name}.attention.output.LayerNorm", f"{at}.middle")
    inner = graph.dense(middle, f"{name}.intermediate.dense", HIDDEN, INNER, f"{at}.inner")
    active = graph.node("Gelu", [inner], f"{at}.active")
    outer = graph.dense(active, f"{name}.output.dense", INNER, HIDDEN, f"{at}.outer")
    return graph.normalised_sum(outer, middle, f"{name}.output.LayerNorm", f"{at}.end")


def pooled(graph: Graph, rows: str) -> str:
    """The mean of each text's tokens where the mask is 1, then of length 1: (texts, hidden)."""
    tokens = graph.node("Reshape", [rows, "texts_tokens_hidden"], "tokens")
    weights = graph.node("Cast", ["attention_mask"], "weights", to=TensorProto.FLOAT)
    one = graph.constant("one", TensorProto.INT64, [1])
    row = graph.node("Unsqueeze", [weights, one], "weights_row")
    summed = graph.node("Squeeze", [graph.node("MatMul", [row, tokens], "summed_row"), one], "summed")
    # The mean and the sum have one direction: dividing by the length alone says the same with one rounding less.
    return graph.node("LpNormalization", [summed], "sentence_embedding", axis=-1, p=2)


def model() -> ModelProto:
    graph = Graph()
    graph.constant("texts_tokens_hidden_of", TensorProto.INT64, [HIDDEN])
    graph.constant("rows_hidden", TensorProto.INT64, [-1, HIDDEN])
    shape = graph.node("Shape", ["words"], "texts_tokens", start=0, end=2)
    graph.node("Concat", [shape, "texts_tokens_hidden_of"], "texts_tokens_hidden", axis=0)
    rows = graph.node("Reshape", [embedded(graph), "rows_hidden"], "embedded_rows")
    for number in range(LAYERS):
        rows = layer(graph, number, rows)
    output = pooled(graph, rows)
    asked = [
        helper.make_tensor_value_info("words", TensorProto.FLOAT, ["texts", "tokens", HIDDEN]),
        helper.make_tensor_value_info("attention_mask", TensorProto.INT32, ["texts", "tokens"]),
    ]
    answered = [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["texts", HIDDEN])]
    return helper.make_model(
        helper.make_graph(graph.nodes, "all-MiniLM-L6-v2", asked, answered, graph.constants + graph.weights),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(OURS, 1)],
        ir_version=IR_VERSION,
        producer_name="pytest-llmlearn tools/export_minilm",
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare with the graph in the package, and write nothing")
    check = parser.parse_args().check
    written = model().SerializeToString(deterministic=True)
    if check:
        same = TARGET.read_bytes() == written
        print("the graph in the package is this one" if same else "the graph in the package is another one")
        return 0 if same else 1
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(written)
    print(f"{TARGET}: {len(written)} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
