import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon';

export type Tone = 'plain' | 'good' | 'warning' | 'bad';

const icons: Readonly<Record<Tone, IconName>> = { plain: 'wait', good: 'well', warning: 'warning', bad: 'broken' };

export interface NoticeProps {
  readonly tone: Tone;
  readonly icon?: IconName;
  readonly title?: string;
  readonly children?: ComponentChildren;
}

/** Something that has to be read; told to assistive technology by the region that it stands in. */
export function Notice({ tone, icon = icons[tone], title, children }: NoticeProps) {
  return (
    <div class={`notice notice-${tone}`}>
      <Icon name={icon} />
      <div class="notice-body">
        {title !== undefined && <p class="notice-title">{title}</p>}
        {children}
      </div>
    </div>
  );
}
