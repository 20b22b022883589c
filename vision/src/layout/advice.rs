//! What to do about a model whose outputs fit no layout.

use super::tensor::TensorInfo;

/// What a card has to state, or how to export the model if no card helps.
pub(super) fn advice(outputs: &[TensorInfo]) -> &'static str {
    let ranks = |rank: usize| outputs.iter().filter(|output| output.shape.len() == rank).count();
    let boxes_without_batch = outputs.iter().any(|output| matches!(output.shape[..], [_, 4]));
    let lists = outputs.iter().any(|output| matches!(output.shape[..], [_, 6 | 7]));
    if ranks(3) == 0 && lists {
        "no card can change this: a list of the boxes of all pictures has to show in the start-up run which of its numbers is which; \
         export the model without NMS"
    } else if ranks(3) == 0 && ranks(5) > 0 {
        "no card can change this: an output with five dimensions is what a detector with anchors gives without the last step of its \
         detection layer; export the model with this step (YOLOv7: --grid)"
    } else if ranks(3) == 0 && boxes_without_batch && ranks(1) > 0 {
        "no card can change this: boxes without a dimension for the pictures of a batch are what torchvision's detectors give for one \
         picture; export the model so that its boxes are [1×N×4], and labels and scores [1×N]"
    } else if ranks(3) == 0 && ranks(4) > 1 {
        "no card can change this: outputs with four dimensions are feature maps, or the heads of a detector without its last step; export \
         a detector with its decoding"
    } else if ranks(3) == 0 {
        "no card can change this: none of the outputs has a row for each box"
    } else {
        "if it is one of them, a model card has to state output.layout and what it names as missing"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_card_can_change_is_said() {
        let output = |shape: &[i64]| TensorInfo { name: "o".to_owned(), shape: shape.to_vec() };
        let heads = [80, 40, 20].map(|side| output(&[1, 3, side, side, 85]));
        assert!(advice(&heads).contains("last step"));
        let torchvision = [output(&[-1, 4]), output(&[-1]), output(&[-1])];
        assert!(advice(&torchvision).contains("torchvision"));
        let maps = [80, 40, 20].map(|side| output(&[1, 255, side, side]));
        assert!(advice(&maps).contains("feature maps"));
        assert!(advice(&[output(&[-1, 7])]).contains("without NMS"));
        assert!(advice(&[output(&[1, 1000])]).contains("no card can change this"));
        assert!(advice(&[output(&[1, 25200, 85])]).contains("output.layout"));
    }
}
