import { STATUS_CODES } from 'node:http';

/** nginx has its own words for one status. */
const REASONS: Readonly<Record<number, string>> = { 503: 'Service Temporarily Unavailable', 504: 'Gateway Time-out' };

/** The page with which the gateway's nginx answers where no plugin or handler spoke. */
export function errorPage(status: number): string {
  const title = `${status} ${REASONS[status] ?? STATUS_CODES[status] ?? 'Error'}`;
  return [
    '<html>',
    `<head><title>${title}</title></head>`,
    '<body>',
    `<center><h1>${title}</h1></center>`,
    '<hr><center>openresty</center>',
    '<p><em>Powered by <a href="https://apisix.apache.org/">APISIX</a>.</em></p></body>',
    '</html>',
    '',
  ].join('\r\n');
}
