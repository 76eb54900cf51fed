import { createHash } from 'node:crypto';
import type { Check } from './context';
import { about, type Finding } from './finding';
import { isPrivate } from './public-url';

const NOBODY = new Set([`${'0'.repeat(64)}`, createHash('sha256').update('').digest('hex')]);

/** The ways in: whether there is a door that stops, and whether the tokens can be what they seem. */
export const checkDoors: Check = async ({ config, token }) => {
  const { ok, warning, fault } = about('doors');
  const { tokens } = config.api;
  const stops = tokens.filter(({ rights }) => rights.includes('stop')).map(({ name }) => name);
  const { twilio } = config.sms;
  const relays = twilio?.relayUrls.length ? tokens.filter(({ rights }) => rights.includes('relay')) : [];
  const doors = [
    ...(twilio ? ['text messages'] : []),
    ...relays.map(({ name }) => `text messages that token ${name} relays`),
    ...stops.map((name) => `token ${name}`),
  ];
  const findings: Finding[] = [
    doors.length > 0
      ? ok(`a stop comes by ${doors.join(', ')}`)
      : fault(
          'no door takes a stop from a person or a program',
          'Configure sms.twilio, or a token with the right stop.',
        ),
  ];

  twilio?.relayUrls.forEach((url, i) => {
    if (isPrivate(new URL(url).hostname))
      findings.push(
        warning(
          `sms.twilio.relayUrls.${i} cannot be reached from the internet, so that it is not what Twilio calls`,
          'Write the address of the webhook as it stands at Twilio, letter by letter.',
        ),
      );
  });

  const seen = new Map<string, string>();
  for (const { name, sha256 } of tokens) {
    const hash = sha256.toLowerCase();
    const other = seen.get(hash);
    if (NOBODY.has(hash))
      findings.push(fault(`token ${name} is a placeholder`, `Make a real one: pullcord token new ${name}`));
    else if (other !== undefined)
      findings.push(
        warning(`tokens ${other} and ${name} are the same`, 'Give each program its own: the ledger names it.'),
      );
    seen.set(hash, name);
  }

  if (token !== undefined && !seen.has(createHash('sha256').update(token).digest('hex')))
    findings.push(
      warning(
        'PULLCORD_TOKEN is none of api.tokens: sever, restore and status do not work with it',
        'Correct it, or make one: pullcord token new NAME',
      ),
    );
  return findings;
};
