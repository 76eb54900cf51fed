import type { Entry } from '../../src/ledger/store';
import type { NoticeKind } from '../../src/notify/channel';
import { paperChannel } from '../../src/notify/paper-channel';

it.each<[NoticeKind, object | undefined]>([
  ['alarm', { state: 'raised', text: 'gw-2 does not answer' }],
  ['trouble', { state: 'raised', text: 'gw-2 does not answer' }],
  ['cleared', { state: 'cleared', text: 'gw-2 does not answer' }],
  ['severed', undefined],
  ['refused', undefined],
  ['tripped', undefined],
  ['fallback', undefined],
])(
  '%s: what people were told is wrong is on paper, and what is there already is not written twice',
  async (kind, data) => {
    const noted: Entry[] = [];
    const channel = paperChannel(() => (entry) => noted.push(entry));
    expect(await channel.tell({ kind, text: 'gw-2 does not answer', at: 1 })).toBe('told');
    expect(noted).toEqual(data === undefined ? [] : [{ kind: 'trouble', data }]);
  },
);

it('before there is anybody to write it down it holds nothing up', async () => {
  expect(await paperChannel(() => undefined).tell({ kind: 'alarm', text: 'x', at: 1 })).toBe('told');
});
