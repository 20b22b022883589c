interface Size {
  width: number;
  height: number;
}

/** How large a picture is decoded of which so many pixels are seen across; `undefined`: as it is. */
export function decodedSize(picture: Size, across: number | undefined): Size | undefined {
  if (!across || across >= picture.width) return undefined;
  return { width: Math.ceil(across), height: Math.ceil((across * picture.height) / picture.width) };
}

/**
 * Decodes a JPEG, not much larger than it is shown. `ImageDecoder` reads bytes as they are and decodes at half the size or less in a quarter
 * of the time; to make a `Blob` of them, the page waits for another process with each picture. Browsers have it on secure pages only.
 */
export async function decodeJpeg(
  bytes: Uint8Array<ArrayBuffer>,
  type: string,
  size: Size | undefined,
): Promise<ImageBitmap | VideoFrame> {
  if (typeof ImageDecoder === 'undefined') {
    const options: ImageBitmapOptions = size ? { resizeWidth: size.width, resizeHeight: size.height } : {};
    return createImageBitmap(new Blob([bytes], { type }), options);
  }
  const desired = size ? { desiredWidth: size.width, desiredHeight: size.height } : {};
  const decoder = new ImageDecoder({ data: bytes, type, ...desired });
  try {
    return (await decoder.decode()).image;
  } finally {
    decoder.close();
  }
}
