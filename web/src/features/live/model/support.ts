/** What most cameras send: High profile, level 4.0. What one sends is known at its first key frame. */
const USUAL = 'avc1.640028';

/** Whether this browser decodes H.264. Browsers have the decoder on secure pages only. */
export async function decodesH264(): Promise<boolean> {
  if (typeof VideoDecoder === 'undefined') return false;
  try {
    return (await VideoDecoder.isConfigSupported({ codec: USUAL, optimizeForLatency: true })).supported === true;
  } catch {
    return false;
  }
}
