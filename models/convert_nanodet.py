#!/usr/bin/env python3
"""Converts the TensorFlow.js graph of NanoDet-g (nanodet.json, nanodet.bin) to ONNX with a free batch size.

    convert_nanodet.py SOURCE_FOLDER OUT.onnx

The source graph was converted from PyTorch through ONNX and onnx-tf, so every convolution is wrapped in transposes (NCHW to
NHWC and back), an explicit padding, and a split of its weights. This script removes these instead of copying them. It tracks
each tensor of the source as an ONNX value in NCHW and a permutation of its axes, so a Transpose needs no node, and a Pad is
folded into the convolution that follows. The result has 34 convolutions and few other nodes, and gives the same numbers.
"""

import base64
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DTYPES = {"float32": np.float32, "int32": np.int32}
IDENTITY = (0, 1, 2, 3)
# A view of an NCHW value in NHWC order: axis i of the view is axis NHWC[i] of the value.
NHWC = (0, 2, 3, 1)
# The outputs in the order of the `nanodet` layout: scores, then box distributions, for each stride.
OUTPUTS = [
    ("scores_8", "Identity"),
    ("scores_16", "Identity_1"),
    ("scores_32", "Identity_2"),
    ("distances_8", "Identity_3"),
    ("distances_16", "Identity_4"),
    ("distances_32", "Identity_5"),
]
LABELS = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,bench,"
    "bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,"
    "sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,"
    "bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,bed,dining table,"
    "toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,refrigerator,book,clock,vase,scissors,"
    "teddy bear,hair drier,toothbrush"
).split(",")


def read_weights(folder, manifest):
    """Reads the weights of every group, and converts those stored as float16 to float32."""
    weights = {}
    for group in manifest:
        blob = b"".join((folder / path).read_bytes() for path in group["paths"])
        at = 0
        for entry in group["weights"]:
            dtype = np.dtype(DTYPES[entry["dtype"]])
            stored = np.dtype(entry.get("quantization", {}).get("dtype", dtype))
            count = int(np.prod(entry["shape"], dtype=np.int64))
            raw = np.frombuffer(blob, stored, count, at)
            weights[entry["name"]] = raw.astype(dtype).reshape(entry["shape"])
            at += count * stored.itemsize
        if at != len(blob):
            raise SystemExit(f"{group['paths']} hold {len(blob)} bytes, but the manifest describes {at}")
    return weights


class View:
    """A tensor of the source: an ONNX value (NCHW, or unchanged for other ranks), a permutation of its axes, and padding that
    is not applied yet."""

    def __init__(self, value, perm=IDENTITY, pads=None, pad_value=0.0):
        self.value, self.perm, self.pads, self.pad_value = value, tuple(perm), pads, pad_value


class Converter:
    """Walks the source graph from its outputs and writes ONNX nodes."""

    def __init__(self, graph, weights):
        self.source = {node["name"]: node for node in graph["modelTopology"]["node"]}
        self.weights, self.views, self.nodes, self.constants = weights, {}, [], {}

    def constant(self, name):
        """The value of a Const, or of an operator on constants."""
        node = self.source[name.split(":")[0]]
        if node["op"] == "Const":
            return self.weights[node["name"]]
        inputs = [self.constant(i) for i in node["input"]]
        if node["op"] == "SplitV":
            parts = np.split(inputs[0], np.cumsum(inputs[1])[:-1], axis=int(inputs[2]))
            return parts[int(name.split(":")[1]) if ":" in name else 0]
        if node["op"] == "Transpose":
            return inputs[0].transpose(inputs[1])
        if node["op"] == "SparseToDense":
            # In this graph, SparseToDense always has zero values to scatter. Fail on anything else.
            if inputs[0].size:
                raise SystemExit(f"{name}: SparseToDense with values is not handled")
            return np.full(inputs[1], inputs[3].item(), inputs[3].dtype)
        if node["op"] in ("Add", "AddV2"):
            return inputs[0] + inputs[1]
        raise SystemExit(f"{name}: operator {node['op']} is not handled on constants")

    def is_constant(self, name):
        node = self.source[name.split(":")[0]]
        return node["op"] == "Const" or (bool(node.get("input")) and all(self.is_constant(i) for i in node["input"]))

    def initializer(self, hint, array):
        name = f"{hint}.{len(self.constants)}"
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def emit(self, op, inputs, outputs=1, **attributes):
        names = [f"{op.lower()}_{len(self.nodes)}" + (f"_{i}" if outputs > 1 else "") for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=names[0], **attributes))
        return names if outputs > 1 else names[0]

    def view(self, name):
        name = name if ":" in name else f"{name}:0"
        if name not in self.views:
            node = self.source[name.split(":")[0]]
            produced = getattr(self, f"on_{node['op'].lower()}")(node)
            for index, view in enumerate(produced if isinstance(produced, list) else [produced]):
                self.views[f"{node['name']}:{index}"] = view
        return self.views[name]

    def plain(self, name):
        """A view without pending padding, for operators that cannot pad."""
        view = self.view(name)
        if view.pads is not None:
            raise SystemExit(f"{name}: padding before an operator that cannot take it")
        return view

    def in_source_order(self, name):
        """The value with the axes in the source's order. Emits a Transpose if the order differs."""
        view = self.plain(name)
        if view.perm == tuple(range(len(view.perm))):
            return view.value
        return self.emit("Transpose", [view.value], perm=view.perm)

    def on_placeholder(self, _node):
        return View("input")

    def on_identity(self, node):
        return self.view(node["input"][0])

    def on_transpose(self, node):
        view, perm = self.view(node["input"][0]), self.constant(node["input"][1]).ravel()
        return View(view.value, tuple(view.perm[p] for p in perm), view.pads, view.pad_value)

    def on_pad(self, node):
        view, table = self.plain(node["input"][0]), self.constant(node["input"][1])
        value = float(self.constant(node["input"][2])) if len(node["input"]) > 2 else 0.0
        pads = [(0, 0)] * len(view.perm)
        for axis, pair in enumerate(table):
            pads[view.perm[axis]] = (int(pair[0]), int(pair[1]))
        return View(view.value, view.perm, pads if any(map(any, pads)) else None, value)

    on_padv2 = on_pad

    def spatial_pads(self, node, view):
        """The padding of the view, in ONNX's order: top, left, bottom, right."""
        if base64.b64decode(node["attr"]["padding"]["s"]) != b"VALID" or view.perm != NHWC:
            raise SystemExit(f"{node['name']}: only VALID padding on NHWC is handled")
        pads = view.pads or [(0, 0)] * 4
        if any(map(any, pads[:2])):
            raise SystemExit(f"{node['name']}: padding of batch or channels")
        return [pads[2][0], pads[3][0], pads[2][1], pads[3][1]]

    def on_conv2d(self, node):
        view = self.view(node["input"][0])
        if view.pads is not None and view.pad_value != 0.0:
            raise SystemExit(f"{node['name']}: a convolution pads with zeros only")
        # TensorFlow's axes are height, width, in, out; ONNX's are out, in, height, width.
        kernel = self.constant(node["input"][1]).transpose(3, 2, 0, 1)
        ints = {key: [int(i) for i in node["attr"][key]["list"]["i"]] for key in ("strides", "dilations")}
        value = self.emit(
            "Conv",
            [view.value, self.initializer("weight", kernel)],
            kernel_shape=kernel.shape[2:],
            pads=self.spatial_pads(node, view),
            strides=ints["strides"][1:3],
            dilations=ints["dilations"][1:3],
        )
        return View(value, NHWC)

    def on_maxpool(self, node):
        view = self.view(node["input"][0])
        # ONNX pads a MaxPool with minus infinity, the source with the smallest float. For real inputs this is the same.
        if view.pads is not None and view.pad_value > -1e30:
            raise SystemExit(f"{node['name']}: MaxPool over padding with {view.pad_value}")
        ints = {key: [int(i) for i in node["attr"][key]["list"]["i"]] for key in ("strides", "ksize")}
        pads = self.spatial_pads(node, view)
        value = self.emit("MaxPool", [view.value], kernel_shape=ints["ksize"][1:3], strides=ints["strides"][1:3], pads=pads)
        return View(value, NHWC)

    def on_add(self, node):
        left, right = node["input"]
        if self.is_constant(left):
            left, right = right, left
        view = self.plain(left)
        if not self.is_constant(right):
            other = self.plain(right)
            if other.perm != view.perm:
                raise SystemExit(f"{node['name']}: adds tensors of different axis order")
            return View(self.emit("Add", [view.value, other.value]), view.perm)
        bias = self.constant(right)
        last = self.nodes[-1]
        if last.op_type == "Conv" and last.output[0] == view.value and len(last.input) == 2 and view.perm == NHWC:
            last.input.append(self.initializer("bias", bias.reshape(-1)))
            return view
        # The constant has the axes of the view; permute them to those of the value.
        bias = bias.reshape((1,) * (len(view.perm) - bias.ndim) + bias.shape).transpose(np.argsort(view.perm))
        return View(self.emit("Add", [view.value, self.initializer("bias", bias)]), view.perm)

    on_addv2 = on_add

    def on_leakyrelu(self, node):
        view = self.plain(node["input"][0])
        return View(self.emit("LeakyRelu", [view.value], alpha=float(node["attr"]["alpha"]["f"])), view.perm)

    def on_sigmoid(self, node):
        view = self.plain(node["input"][0])
        return View(self.emit("Sigmoid", [view.value]), view.perm)

    def on_concatv2(self, node):
        views = [self.plain(i) for i in node["input"][:-1]]
        if len({v.perm for v in views}) != 1:
            raise SystemExit(f"{node['name']}: joins tensors of different axis order")
        axis = views[0].perm[int(self.constant(node["input"][-1]))]
        return View(self.emit("Concat", [v.value for v in views], axis=axis), views[0].perm)

    def on_splitv(self, node):
        view = self.plain(node["input"][0])
        sizes = self.constant(node["input"][1]).astype(np.int64)
        axis = view.perm[int(self.constant(node["input"][2]))]
        names = self.emit("Split", [view.value, self.initializer("sizes", sizes)], outputs=len(sizes), axis=axis)
        return [View(name, view.perm) for name in names]

    def on_resizebilinear(self, node):
        view, size = self.plain(node["input"][0]), self.constant(node["input"][1]).astype(int)
        if not node["attr"]["half_pixel_centers"]["b"] or view.perm != NHWC:
            raise SystemExit(f"{node['name']}: only half-pixel centres on NHWC are handled")
        # A target size would fix the batch size too, so use scale factors, computed from the size that shape inference gives.
        scale = np.array([1, 1, *(size / self.size_of(view.value))], np.float32)
        value = self.emit(
            "Resize",
            [view.value, "", self.initializer("scales", scale)],
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )
        return View(value, NHWC)

    def size_of(self, value):
        """Height and width of a value, by ONNX's shape inference on the nodes so far."""
        output = helper.make_tensor_value_info(value, TensorProto.FLOAT, None)
        inferred = onnx.shape_inference.infer_shapes(self.model([output], checked=False), strict_mode=True)
        shapes = {v.name: v.type.tensor_type.shape for v in inferred.graph.value_info}
        shapes |= {v.name: v.type.tensor_type.shape for v in inferred.graph.output}
        return np.array([shapes[value].dim[2].dim_value, shapes[value].dim[3].dim_value])

    def on_reshape(self, node):
        value, shape = self.in_source_order(node["input"][0]), self.constant(node["input"][1]).astype(np.int64)
        # The source has a batch size of 1; 0 copies the batch size of the input.
        shape = np.array([0, *shape[1:]], np.int64)
        name = self.emit("Reshape", [value, self.initializer("shape", shape)])
        return View(name, tuple(range(len(shape))))

    def model(self, outputs, checked=True):
        batch = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, 416, 416])
        graph = helper.make_graph(self.nodes, "nanodet-g", [batch], outputs, list(self.constants.values()))
        # Opset 17 and IR 8 are supported by every ONNX Runtime and TensorRT in use.
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="vru")
        helper.set_model_props(
            model,
            {
                "name": "nanodet-g",
                "version": "416",
                "layout": "nanodet",
                "labels": ",".join(LABELS),
                "license": "Apache-2.0",
                "source": "https://github.com/RangiLyu/nanodet",
            },
        )
        if checked:
            onnx.checker.check_model(model, full_check=True)
        return model


def convert(folder):
    graph = json.loads((folder / "nanodet.json").read_text())
    converter = Converter(graph, read_weights(folder, graph["weightsManifest"]))
    outputs = []
    for name, source in OUTPUTS:
        value = converter.in_source_order(source)
        converter.nodes.append(helper.make_node("Identity", [value], [name], name=name))
        dims = [int(d["size"]) for d in graph["signature"]["outputs"][f"{source}:0"]["tensorShape"]["dim"]]
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *dims[1:]]))
    return converter.model(outputs)


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    model = convert(pathlib.Path(sys.argv[1]))
    onnx.save(model, sys.argv[2])
    print(f"{sys.argv[2]}: {len(model.graph.node)} nodes", file=sys.stderr)


if __name__ == "__main__":
    main()
