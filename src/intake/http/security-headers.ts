import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * helmet's headers, as strict as they get: nothing is shown in a page, guessed, or kept (OWASP REST Security Cheat
 * Sheet). A page sets its own policy. No Strict-Transport-Security: it would bind the whole domain of whoever puts
 * TLS in front, which is theirs to decide.
 */
export function securityHeaders(): RequestHandler {
  const headers = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] },
    },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: false,
  });
  return (req, res, next) => {
    // Answers tell how things stand, and what was ordered by whom.
    res.setHeader('cache-control', 'no-store');
    headers(req, res, next);
  };
}
