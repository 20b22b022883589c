//! Memory of decoded pictures, which is shared where GStreamer would copy it.
//!
//! libavcodec keeps the pictures that later ones depend on mapped for writing. So GStreamer copies each picture before it passes it on, and
//! keeps the copy as long as libavcodec keeps the picture: every reference costs two pictures. The copies of this allocator share the bytes.
//!
//! Two rules keep a shared picture unchanged:
//! - Memory that is mapped for writing while its bytes are shared gets bytes of its own first. If it is mapped already, so that its bytes
//!   cannot be replaced, the mapping is refused. GStreamer then works on a copy, as with any memory that is in use.
//! - A mapping for writing that exists when the copy is made is not written through afterwards. libavcodec promises that for the pictures
//!   that it has given out, because its users share them with it. It breaks the promise for a field that comes late, so the output pad
//!   copies interlaced pictures (see `chain`).
#![expect(unsafe_code, reason = "GStreamer's allocators are C structures with callbacks")]

use std::alloc::Layout;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gstreamer as gst;
use gstreamer::ffi;
use gstreamer::glib;
use gstreamer::glib::translate::IntoGlib as _;
use gstreamer::subclass::prelude::*;

/// Bytes on the heap.
struct Block {
    data: NonNull<u8>,
    layout: Layout,
}

// SAFETY: a block owns its bytes, and the allocation belongs to no thread.
unsafe impl Send for Block {}
// SAFETY: a `&Block` gives only the address and the size. Who may write to the bytes is decided in `mem_map`.
unsafe impl Sync for Block {}

impl Block {
    /// `None` if there is no memory, or the size is impossible.
    fn new(size: usize, align: usize) -> Option<Self> {
        let layout = Layout::from_size_align(size.max(1), align).ok()?;
        // The bytes are initialised, because a copy of them may be read before a decoder has written all of them.
        // SAFETY: the size is not zero.
        let data = unsafe { std::alloc::alloc_zeroed(layout) };
        NonNull::new(data).map(|data| Self { data, layout })
    }

    fn duplicate(&self) -> Option<Self> {
        let own = Self::new(self.layout.size(), self.layout.align())?;
        // SAFETY: both blocks have this size, they are different, and both are initialised. Nobody writes to `self` meanwhile: it is shared,
        // so `mem_map` lets nobody begin to, and who mapped it before no longer writes (second rule of the module).
        unsafe { ptr::copy_nonoverlapping(self.data.as_ptr(), own.data.as_ptr(), own.layout.size()) }
        Some(own)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: `data` was allocated with this layout, and nothing else frees it. No mapping points to it: each memory object holds a
        // reference to the block of its mappings, and GStreamer holds a reference to a memory object for each mapping.
        unsafe { std::alloc::dealloc(self.data.as_ptr(), self.layout) }
    }
}

/// GStreamer's memory object, followed by our fields.
#[repr(C)]
struct SharedMemory {
    mem: ffi::GstMemory,
    bytes: Mutex<Bytes>,
}

struct Bytes {
    block: Arc<Block>,
    /// Mappings that point into the block.
    mappings: usize,
}

/// Puts a memory object for this block on the heap.
///
/// # Safety
/// `allocator` must be a [`SharedAllocator`], and `offset + size` within the block.
unsafe fn memory(
    allocator: *mut ffi::GstAllocator,
    block: Arc<Block>,
    (flags, align, offset, size): (ffi::GstMemoryFlags, usize, usize, usize),
) -> *mut ffi::GstMemory {
    let maxsize = block.layout.size();
    let bytes = Mutex::new(Bytes { block, mappings: 0 });
    // SAFETY: a `GstMemory` has only integers and pointers, for which zero is a valid value.
    let shared = Box::into_raw(Box::new(SharedMemory { mem: unsafe { std::mem::zeroed() }, bytes }));
    let mem = shared.cast::<ffi::GstMemory>();
    // SAFETY: `mem` is the first field of `shared` (`repr(C)`), which was just allocated. GStreamer takes a reference to the allocator, and
    // releases it after it has freed the memory.
    unsafe { ffi::gst_memory_init(mem, flags, allocator, ptr::null_mut(), maxsize, align, offset, size) }
    mem
}

/// # Safety
/// `mem` must be alive, and of this allocator.
unsafe fn bytes<'a>(mem: *mut ffi::GstMemory) -> MutexGuard<'a, Bytes> {
    // SAFETY: the allocator creates its memory only as `SharedMemory`. The reference covers our field alone: other threads may change the
    // reference count and the lock in `mem`. The guard does not outlive the callback, for which the caller keeps the memory alive.
    let bytes = unsafe { &(*mem.cast::<SharedMemory>()).bytes };
    bytes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the address of the block, to which GStreamer adds the offset, or null if the memory cannot be mapped.
unsafe extern "C" fn mem_map(
    mem: *mut ffi::GstMemory,
    _maxsize: usize,
    flags: ffi::GstMapFlags,
) -> glib::ffi::gpointer {
    // SAFETY: GStreamer calls this with live memory of the allocator.
    let mut bytes = unsafe { bytes(mem) };
    // `get_mut` and not the count: it orders what others did with the block before they released it.
    if flags & ffi::GST_MAP_WRITE != 0 && Arc::get_mut(&mut bytes.block).is_none() {
        if bytes.mappings > 0 {
            return ptr::null_mut();
        }
        let Some(own) = bytes.block.duplicate() else { return ptr::null_mut() };
        bytes.block = Arc::new(own);
    }
    bytes.mappings += 1;
    bytes.block.data.as_ptr().cast()
}

unsafe extern "C" fn mem_unmap(mem: *mut ffi::GstMemory) {
    // SAFETY: as in `mem_map`. GStreamer calls it once for each mapping.
    unsafe { bytes(mem) }.mappings -= 1;
}

/// Copies memory, or shares a part of it. A negative size means the rest.
unsafe extern "C" fn mem_copy(mem: *mut ffi::GstMemory, offset: isize, size: isize) -> *mut ffi::GstMemory {
    // SAFETY: GStreamer calls this with live memory of the allocator. These fields change only by a resize, for which the memory has to
    // have one owner.
    let (allocator, align, start, length) = unsafe { ((*mem).allocator, (*mem).align, (*mem).offset, (*mem).size) };
    let Some(offset) = usize::try_from(offset).ok().filter(|offset| *offset <= length) else {
        return ptr::null_mut();
    };
    let rest = length - offset;
    let size = usize::try_from(size).map_or(rest, |size| size.min(rest));
    // SAFETY: as above.
    let block = Arc::clone(&unsafe { bytes(mem) }.block);
    // SAFETY: `mem` is of this allocator, and the range is within that of `mem`, which is within the block.
    unsafe { memory(allocator, block, (0, align, start + offset, size)) }
}

pub mod imp {
    use gstreamer::prelude::*;

    use super::*;

    #[derive(Default)]
    pub struct SharedAllocator;

    impl ObjectImpl for SharedAllocator {}
    impl GstObjectImpl for SharedAllocator {}

    // SAFETY: `alloc` returns null or memory that `gst_memory_init` has filled, and `free` takes only that.
    unsafe impl AllocatorImpl for SharedAllocator {
        unsafe fn alloc(&self, size: usize, params: &gst::AllocationParams) -> *mut ffi::GstMemory {
            let total = size.checked_add(params.prefix()).and_then(|size| size.checked_add(params.padding()));
            // `align` is a mask: one less than a power of two.
            let align = params.align() | gst::Memory::default_alignment();
            let block = total.zip(align.checked_add(1)).and_then(|(total, align)| Block::new(total, align));
            let Some(block) = block else { return ptr::null_mut() };
            let allocator = self.obj().as_ptr().cast::<ffi::GstAllocator>();
            // SAFETY: `allocator` is this object, and the block has `prefix + size + padding` bytes.
            unsafe { memory(allocator, Arc::new(block), (params.flags().into_glib(), align, params.prefix(), size)) }
        }

        unsafe fn free(&self, memory: *mut ffi::GstMemory) {
            // SAFETY: `memory` put it into a box, and GStreamer frees it once, when nothing refers to it.
            drop(unsafe { Box::from_raw(memory.cast::<SharedMemory>()) });
        }
    }

    #[glib::object_subclass]
    impl ObjectSubclass for SharedAllocator {
        const NAME: &'static str = "VruSharedAllocator";
        type Type = super::SharedAllocator;
        type ParentType = gst::Allocator;

        fn instance_init(obj: &glib::subclass::InitializingObject<Self>) {
            let allocator = obj.as_ptr().cast::<ffi::GstAllocator>();
            // SAFETY: GLib has allocated the instance, which begins with a `GstAllocator`, and nothing else uses it yet. The name lives as
            // long as the program.
            unsafe {
                (*allocator).mem_type = c"vru-shared".as_ptr();
                (*allocator).mem_map = Some(mem_map);
                (*allocator).mem_unmap = Some(mem_unmap);
                (*allocator).mem_copy = Some(mem_copy);
                (*allocator).mem_share = Some(mem_copy);
            }
        }
    }
}

glib::wrapper! {
    pub struct SharedAllocator(ObjectSubclass<imp::SharedAllocator>) @extends gst::Allocator, gst::Object;
}

impl SharedAllocator {
    pub(super) fn new() -> Self {
        glib::Object::new()
    }
}

/// Whether other memory has the same bytes.
#[cfg(test)]
pub(super) fn is_shared(memory: &gst::MemoryRef) -> bool {
    assert_eq!(memory.allocator().unwrap().memory_type(), "vru-shared");
    // SAFETY: the memory is of this allocator, and alive.
    Arc::strong_count(&unsafe { bytes(memory.as_mut_ptr()) }.block) > 1
}

#[cfg(test)]
mod tests {
    use gstreamer::prelude::*;

    use super::*;

    fn filled(value: u8) -> gst::Memory {
        crate::init().unwrap();
        let mut memory = SharedAllocator::new().alloc(1_000, None).unwrap();
        memory.get_mut().unwrap().map_writable().unwrap().fill(value);
        memory
    }

    fn all(memory: &gst::MemoryRef, value: u8) -> bool {
        memory.map_readable().unwrap().iter().all(|byte| *byte == value)
    }

    #[test]
    fn a_copy_shares_its_bytes_until_one_is_written() {
        let mut memory = filled(7);
        let place = |memory: &gst::Memory| memory.map_readable().unwrap().as_ptr();
        let (copy, part) = (memory.copy(), memory.share(100..=109));
        assert_eq!(place(&copy), place(&memory));
        assert_eq!(part.map_readable().unwrap().as_slice(), [7; 10]);
        memory.get_mut().unwrap().map_writable().unwrap().fill(8);
        assert_ne!(place(&copy), place(&memory));
        assert!(all(&memory, 8));
        assert!(all(&copy, 7), "the copy keeps what it had");
        assert_eq!(part.map_readable().unwrap().as_slice(), [7; 10]);
        drop(memory);
        assert!(all(&copy, 7));
    }

    #[test]
    fn the_last_owner_of_the_bytes_writes_in_place() {
        let memory = filled(7);
        let mut copy = memory.copy();
        let place = memory.map_readable().unwrap().as_ptr();
        drop(memory);
        let mut map = copy.get_mut().unwrap().map_writable().unwrap();
        assert_eq!(map.as_ptr(), place);
        map.fill(9);
    }

    #[test]
    fn bytes_that_a_mapping_points_to_are_not_replaced() {
        let memory = filled(7);
        let mem = memory.as_mut_ptr();
        let map = |flags| {
            let mut info = std::mem::MaybeUninit::uninit();
            // SAFETY: the memory is alive, and GStreamer fills the info if it returns true.
            (unsafe { ffi::gst_memory_map(mem, info.as_mut_ptr(), flags) } != 0).then(|| unsafe { info.assume_init() })
        };
        // As libavcodec does: mapped for writing, and once more for the next plane.
        let both = ffi::GST_MAP_READ | ffi::GST_MAP_WRITE;
        let (mut first, mut second) = (map(both).unwrap(), map(both).unwrap());
        assert_eq!(first.data, second.data);
        let copy = memory.copy();
        assert!(map(both).is_none(), "the first mapping would point to bytes that only the copy keeps alive");
        let mut third = map(ffi::GST_MAP_READ).unwrap();
        assert_eq!(third.data, first.data);
        drop(copy);
        let mut fourth = map(both).unwrap();
        assert_eq!(fourth.data, first.data);
        for info in [&mut first, &mut second, &mut third, &mut fourth] {
            // SAFETY: each was mapped above.
            unsafe { ffi::gst_memory_unmap(mem, info) }
        }
        let copy = memory.copy();
        let mut own = map(both).unwrap();
        assert_ne!(own.data.cast_const(), copy.map_readable().unwrap().as_ptr());
        // SAFETY: as above.
        unsafe { ffi::gst_memory_unmap(mem, &raw mut own) }
    }

    #[test]
    fn memory_is_aligned_as_asked_and_impossible_sizes_are_refused() {
        crate::init().unwrap();
        let params = gst::AllocationParams::new(gst::MemoryFlags::empty(), 63, 64, 32);
        let memory = SharedAllocator::new().alloc(100, Some(&params)).unwrap();
        assert_eq!((memory.size(), memory.offset(), memory.maxsize()), (100, 64, 196));
        assert_eq!(memory.map_readable().unwrap().as_ptr() as usize % 64, 0);
        assert_eq!(memory.share(90..).size(), 10);
        for size in [usize::MAX, usize::MAX / 2, usize::MAX - 96] {
            assert!(SharedAllocator::new().alloc(size, Some(&params)).is_err());
        }
    }

    #[test]
    fn threads_copy_write_and_drop_without_seeing_each_others_bytes() {
        let memory = filled(1);
        std::thread::scope(|scope| {
            for value in 2..6 {
                let memory = &memory;
                scope.spawn(move || {
                    for _ in 0..500 {
                        let mut copy = memory.copy();
                        assert!(all(&copy, 1));
                        copy.get_mut().unwrap().map_writable().unwrap().fill(value);
                        assert!(all(&copy, value));
                    }
                });
            }
        });
        assert!(all(&memory, 1));
    }
}
