import { expect, it } from 'vitest';
import { ApiError } from '../api/client';
import { common } from './common';

const failed = (status: number, code: string) => ({ error: new ApiError(status, { code, detail: code }), retry() {} });

it('what several parts of a page cannot show for the same reason is told once', () => {
  const [first, second] = [failed(503, 'database_unavailable'), failed(503, 'database_unavailable')];
  const other = failed(404, 'not_found');
  expect([...common([first, other, second]).values()]).toEqual([[first, second]]);
});

it('what one part alone cannot show is told there', () => {
  expect(common([failed(503, 'database_unavailable'), failed(503, 'overloaded')]).size).toBe(0);
});
