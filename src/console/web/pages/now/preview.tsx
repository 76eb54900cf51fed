import type { RestorePreviewAnswer } from '../../../../intake/http/story-schema';
import { many } from '../../format';
import { Notice } from '../../parts/notice';

/** Exactly what a restore brings back, and what stays off. */
export function Preview({ preview }: { readonly preview: RestorePreviewAnswer }) {
  const { routes, others, stays, warnings, operators, pendingBy } = preview;
  return (
    <div class="preview">
      {warnings.map((text) => (
        <Notice key={text} tone="warning" title={text} />
      ))}
      <h3>{routes.length > 0 ? `${many(routes.length, 'route')} will serve again` : 'No route comes back'}</h3>
      {routes.length > 0 && (
        <ul class="preview-routes">
          {routes.map(({ gateway, id, name, uris, hosts, how }) => (
            <li key={`${gateway}/${id}`}>
              <strong>{name ?? id}</strong> <code>{[...hosts, ...uris].join(' ')}</code>
              <small>
                {gateway}, cut by {how}
              </small>
            </li>
          ))}
        </ul>
      )}
      {others.length > 0 && (
        <>
          <h3>Beside the gateways</h3>
          <ul>
            {others.map(({ cutter, what }) => (
              <li key={`${cutter} ${what}`}>
                <strong>{cutter}</strong>: {what}
              </li>
            ))}
          </ul>
        </>
      )}
      {stays.length > 0 && (
        <>
          <h3>Stays off</h3>
          <ul>
            {stays.map(({ gateway, id, why }) => (
              <li key={`${gateway}/${id}`}>
                <strong>{id}</strong> at {gateway}: {why}
              </li>
            ))}
          </ul>
        </>
      )}
      {operators > 1 && (
        <p>
          It takes {operators} operators.{' '}
          {pendingBy === undefined
            ? 'You would be the first.'
            : `${pendingBy} has sent it already: a different one makes it count.`}
        </p>
      )}
    </div>
  );
}
