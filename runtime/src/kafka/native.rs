//! Objects of librdkafka, for the calls that rdkafka lacks.

use std::ptr::NonNull;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// An object of librdkafka and the function that destroys it.
pub(crate) struct Owned<T> {
    pointer: NonNull<T>,
    destroy: unsafe extern "C" fn(*mut T),
}

impl<T> Owned<T> {
    pub(crate) fn new(pointer: *mut T, destroy: unsafe extern "C" fn(*mut T)) -> Result<Self, KafkaError> {
        let pointer = NonNull::new(pointer).ok_or(KafkaError::AdminOp(RDKafkaErrorCode::Fail))?;
        Ok(Self { pointer, destroy })
    }

    pub(crate) fn get(&self) -> *mut T {
        self.pointer.as_ptr()
    }
}

#[expect(unsafe_code, reason = "the function is librdkafka's")]
impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer is this object's own, and is used no more.
        unsafe { (self.destroy)(self.pointer.as_ptr()) }
    }
}
