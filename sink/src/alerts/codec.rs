//! A gRPC codec whose responses are encoded already.

use bytes::BufMut as _;
use tonic::Status;
use tonic::codec::{Codec, EncodeBuf, Encoder};
use tonic_prost::{ProstCodec, ProstDecoder};
use vru_proto::v1::{SubscribeRequest, SubscribeResponse};

use super::response::Response;

/// Decodes requests as the generated server would, and writes the pieces of a response one after the other.
pub(crate) struct EncodedCodec;

pub(crate) struct ResponseEncoder;

impl Codec for EncodedCodec {
    type Encode = Response;
    type Decode = SubscribeRequest;
    type Encoder = ResponseEncoder;
    type Decoder = ProstDecoder<SubscribeRequest>;

    fn encoder(&mut self) -> ResponseEncoder {
        ResponseEncoder
    }

    fn decoder(&mut self) -> ProstDecoder<SubscribeRequest> {
        ProstCodec::<SubscribeResponse, SubscribeRequest>::default().decoder()
    }
}

impl Encoder for ResponseEncoder {
    type Item = Response;
    type Error = Status;

    fn encode(&mut self, response: Response, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.reserve(response.event.len() + response.token.len());
        buffer.put_slice(&response.event);
        buffer.put_slice(&response.token);
        Ok(())
    }
}
