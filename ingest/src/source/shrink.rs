//! Encodes a picture again that is larger than its receiver accepts.

use bytes::Bytes;
use vru_media::jpeg;
use vru_proto::v1::Encoding;

/// The qualities to try, at full size.
const QUALITIES: [u8; 4] = [85, 70, 50, 30];

/// The picture with at most `limit` bytes and its size; `None` if no quality makes it so small, or if it is no JPEG.
pub(crate) fn to_fit(payload: &[u8], encoding: Encoding, limit: usize) -> Option<(Bytes, (u32, u32))> {
    if encoding != Encoding::Jpeg {
        return None;
    }
    let image = jpeg::decode(payload, None).ok()?;
    let size = (image.width, image.height);
    let fits = |quality| jpeg::encode(image.view(), quality).ok().filter(|jpeg| jpeg.len() <= limit);
    QUALITIES.into_iter().find_map(fits).map(|jpeg| (jpeg.into(), size))
}

#[cfg(test)]
mod tests {
    use vru_runtime::test_util::require_asset;

    use super::*;

    /// A picture of noise, in the highest quality.
    fn noise() -> Vec<u8> {
        let plan = crate::source::OutputPlan::new(None, &vru_media::pipeline_set::PipelineSet::embedded()).unwrap();
        let source = vru_proto::v1::FileSource {
            path: require_asset("clips/vtest.avi").display().to_string(),
            ..Default::default()
        };
        let options = crate::source::file::FileOptions::new("noise".parse().unwrap(), &source, plan);
        let frame = crate::source::file::FileFrames::open(&options).unwrap().next().unwrap().unwrap();
        let mut image = jpeg::decode(&frame.payload, None).unwrap();
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        image.data.fill_with(&mut next);
        jpeg::encode(image.view(), 100).unwrap()
    }

    #[test]
    fn a_picture_is_made_to_fit_at_its_size_or_not_at_all() {
        let large = noise();
        let limit = large.len() / 2;
        let (small, size) = to_fit(&large, Encoding::Jpeg, limit).unwrap();
        assert!(small.len() <= limit && size == (768, 576), "{} of {limit}", small.len());
        assert_eq!(jpeg::header(&small).map(|size| (size.width, size.height)).unwrap(), size);
        assert_eq!(to_fit(&large, Encoding::Jpeg, 100), None);
        assert_eq!(to_fit(&large, Encoding::H264, limit), None);
        assert_eq!(to_fit(b"no picture", Encoding::Jpeg, limit), None);
    }
}
