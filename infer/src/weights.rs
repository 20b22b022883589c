//! The identity of a model's weights: those in the ONNX file, and those in the files beside it that it refers to.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use prost::Message;
use sha2::{Digest as _, Sha256};

use crate::error::EngineError;

/// A hash of the model's file and of all files with external data.
pub fn digest(model: &Path) -> Result<String, EngineError> {
    let fail = |path: &Path, source| EngineError::ReadModel { path: path.to_owned(), source };
    let bytes = std::fs::read(model).map_err(|source| fail(model, source))?;
    let mut hash = Sha256::new();
    hash.update(&bytes);
    let folder = model.parent().unwrap_or(Path::new(""));
    for name in external_files(&bytes) {
        let path = folder.join(&name);
        hash.update(name.to_string_lossy().as_bytes());
        File::open(&path).and_then(|file| add(&mut hash, file)).map_err(|source| fail(&path, source))?;
    }
    Ok(hex::encode(&hash.finalize()[..6]))
}

fn add(hash: &mut Sha256, mut file: impl Read) -> io::Result<()> {
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(()),
            length => hash.update(&block[..length]),
        }
    }
}

/// The files that tensors of the model are stored in, relative to the model. None if the file is no model: ONNX Runtime
/// reports that.
fn external_files(model: &[u8]) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    if let Ok(model) = ModelProto::decode(model) {
        model.graph.iter().for_each(|graph| of_graph(graph, &mut files));
        model.functions.iter().flat_map(|function| &function.nodes).for_each(|node| of_node(node, &mut files));
    }
    files
}

fn of_graph(graph: &GraphProto, files: &mut BTreeSet<PathBuf>) {
    graph.initializers.iter().for_each(|tensor| of_tensor(tensor, files));
    graph.sparse_initializers.iter().for_each(|sparse| of_sparse(sparse, files));
    graph.nodes.iter().for_each(|node| of_node(node, files));
}

fn of_node(node: &NodeProto, files: &mut BTreeSet<PathBuf>) {
    for attribute in &node.attributes {
        attribute.tensor.iter().chain(&attribute.tensors).for_each(|tensor| of_tensor(tensor, files));
        attribute.sparse_tensor.iter().chain(&attribute.sparse_tensors).for_each(|sparse| of_sparse(sparse, files));
        attribute.graph.iter().chain(&attribute.graphs).for_each(|graph| of_graph(graph, files));
    }
}

fn of_sparse(sparse: &SparseTensorProto, files: &mut BTreeSet<PathBuf>) {
    sparse.values.iter().chain(&sparse.indices).for_each(|tensor| of_tensor(tensor, files));
}

fn of_tensor(tensor: &TensorProto, files: &mut BTreeSet<PathBuf>) {
    let location = tensor.external_data.iter().find(|entry| entry.key == "location");
    files.extend(location.map(|entry| PathBuf::from(&entry.value)));
}

// The parts of `onnx.proto` that lead to external data. Fields that are not named here, the weights among them, are skipped.

#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphProto>,
    #[prost(message, repeated, tag = "25")]
    functions: Vec<FunctionProto>,
}

#[derive(Clone, PartialEq, Message)]
struct FunctionProto {
    #[prost(message, repeated, tag = "7")]
    nodes: Vec<NodeProto>,
}

#[derive(Clone, PartialEq, Message)]
struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    nodes: Vec<NodeProto>,
    #[prost(message, repeated, tag = "5")]
    initializers: Vec<TensorProto>,
    #[prost(message, repeated, tag = "15")]
    sparse_initializers: Vec<SparseTensorProto>,
}

#[derive(Clone, PartialEq, Message)]
struct NodeProto {
    #[prost(message, repeated, tag = "5")]
    attributes: Vec<AttributeProto>,
}

#[derive(Clone, PartialEq, Message)]
struct AttributeProto {
    #[prost(message, optional, tag = "5")]
    tensor: Option<TensorProto>,
    #[prost(message, optional, tag = "6")]
    graph: Option<GraphProto>,
    #[prost(message, repeated, tag = "10")]
    tensors: Vec<TensorProto>,
    #[prost(message, repeated, tag = "11")]
    graphs: Vec<GraphProto>,
    #[prost(message, optional, tag = "22")]
    sparse_tensor: Option<SparseTensorProto>,
    #[prost(message, repeated, tag = "23")]
    sparse_tensors: Vec<SparseTensorProto>,
}

#[derive(Clone, PartialEq, Message)]
struct SparseTensorProto {
    #[prost(message, optional, tag = "1")]
    values: Option<TensorProto>,
    #[prost(message, optional, tag = "2")]
    indices: Option<TensorProto>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorProto {
    #[prost(message, repeated, tag = "13")]
    external_data: Vec<EntryProto>,
}

#[derive(Clone, PartialEq, Message)]
struct EntryProto {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn external(file: &str) -> TensorProto {
        TensorProto { external_data: vec![EntryProto { key: "location".to_owned(), value: file.to_owned() }] }
    }

    /// A model with weights in the graph, in a branch of it, and in a function.
    fn model() -> Vec<u8> {
        let attribute = AttributeProto { tensor: Some(external("constant.bin")), ..Default::default() };
        let node = NodeProto { attributes: vec![attribute] };
        let branch = GraphProto { initializers: vec![external("branch.bin")], ..Default::default() };
        let branches = NodeProto { attributes: vec![AttributeProto { graph: Some(branch), ..Default::default() }] };
        let graph =
            GraphProto { nodes: vec![branches], initializers: vec![external("graph.bin")], ..Default::default() };
        ModelProto { graph: Some(graph), functions: vec![FunctionProto { nodes: vec![node] }] }.encode_to_vec()
    }

    #[test]
    fn the_digest_changes_with_every_file_of_the_model() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.onnx");
        std::fs::write(&file, model()).unwrap();
        let parts = ["graph.bin", "branch.bin", "constant.bin"];
        for part in parts {
            std::fs::write(folder.path().join(part), "weights").unwrap();
        }
        let mut seen = BTreeSet::from([digest(&file).unwrap()]);
        for part in parts {
            std::fs::write(folder.path().join(part), "weight5").unwrap();
            assert!(seen.insert(digest(&file).unwrap()), "{part}");
        }
        std::fs::remove_file(folder.path().join("branch.bin")).unwrap();
        let error = digest(&file).unwrap_err().to_string();
        assert!(error.contains("branch.bin"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_model_has_a_digest_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.onnx");
        std::fs::write(&file, "not a model").unwrap();
        assert_eq!(digest(&file).unwrap(), hex::encode(&Sha256::digest(b"not a model")[..6]));
    }
}
