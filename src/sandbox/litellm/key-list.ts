import { type Answer, problem } from './exchange';
import type { Keys } from './keys';

/** `GET /key/list`, whole rows, for administrators and viewers. */
export function listKeys(query: URLSearchParams, keys: Keys): Answer {
  const page = Number(query.get('page') ?? 1);
  const size = Number(query.get('size') ?? 10);
  if (!(page >= 1) || !(size >= 1 && size <= 100))
    return problem(422, 'Input should be less than or equal to 100', 'bad_request_error', 'size');
  const rows = [...keys.all()];
  if (query.get('sort_by') === 'spend')
    rows.sort((a, b) => (query.get('sort_order') === 'asc' ? a.spend - b.spend : b.spend - a.spend));
  const shown = rows.slice((page - 1) * size, page * size);
  return {
    status: 200,
    json: {
      keys: query.get('return_full_object') === 'true' ? shown : shown.map(({ token }) => token),
      total_count: rows.length,
      current_page: page,
      total_pages: Math.ceil(rows.length / size),
    },
  };
}
