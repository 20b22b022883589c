import { DetailedError, Upload } from 'tus-js-client';
import { ApiError, type Schemas } from '@/shared/api/client';

/** What one hears of a file on its way. */
export interface Listener {
  progress(sent: number, bytes: number): void;
  done(): void;
  failed(error: ApiError): void;
}

const RETRIES_MS = [500, 1_000, 2_000, 5_000, 10_000];

/** Sends a file to the service, which analyses it with the zones, lines and rules of a camera. It goes on where it stopped, also when the
 * same file is chosen again after the page was closed. Returns what stops it; what was sent stays at the service. */
export async function send(
  siteId: string,
  file: File,
  likeCamera: string | undefined,
  listener: Listener,
): Promise<() => void> {
  const upload = new Upload(file, {
    endpoint: `/api/v1/sites/${siteId}/uploads`,
    retryDelays: RETRIES_MS,
    removeFingerprintOnSuccess: true,
    metadata: { filename: file.name, ...(likeCamera ? { like_camera_id: likeCamera } : {}) },
    onProgress: (sent, bytes) => listener.progress(sent, bytes ?? file.size),
    onSuccess: () => listener.done(),
    onError: (error) => listener.failed(problem(error)),
  });
  const [before] = await upload.findPreviousUploads();
  if (before) upload.resumeFromPreviousUpload(before);
  upload.start();
  return () => void upload.abort();
}

/** The problem that the service has answered with, or that it does not answer. */
function problem(error: Error | DetailedError): ApiError {
  const answer = error instanceof DetailedError ? error.originalResponse : null;
  if (!answer) return new ApiError(0, {});
  let found: Partial<Schemas['Problem']> = {};
  try {
    found = JSON.parse(answer.getBody()) as Partial<Schemas['Problem']>;
  } catch {
    // A proxy's page: the status has to do.
  }
  return new ApiError(answer.getStatus(), found);
}
