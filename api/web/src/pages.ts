/** The pages, each loaded when it is first opened. */
import type { ComponentType } from 'preact';
import type { shellMessages } from './messages';
import type { IconName } from './ui/Icon';

export interface Page {
  /** As in the address: #/kaart */
  path: string;
  title: Parameters<typeof shellMessages>[0];
  icon: IconName;
  load: () => Promise<ComponentType>;
  /** Fills the window below the header, without the text column's margins. */
  wide?: boolean;
}

export const PAGES: readonly Page[] = [
  {
    path: 'kaart',
    title: 'map',
    icon: 'map',
    wide: true,
    load: () => {
      import('./map/engine').catch(() => undefined); // the largest part, at the same time; the page says when it fails
      return import('./map/MapPage').then((m) => m.MapPage);
    },
  },
  {
    path: 'opnames',
    title: 'surveys',
    icon: 'list',
    load: () => import('./surveys/SurveysPage').then((m) => m.SurveysPage),
  },
  {
    path: 'insturen',
    title: 'upload',
    icon: 'upload',
    load: () => import('./upload/UploadPage').then((m) => m.UploadPage),
  },
  {
    path: 'beoordelen',
    title: 'review',
    icon: 'check',
    load: () => import('./review/ReviewPage').then((m) => m.ReviewPage),
  },
  {
    path: 'downloads',
    title: 'downloads',
    icon: 'download',
    load: () => import('./downloads/DownloadsPage').then((m) => m.DownloadsPage),
  },
];
/** Reached from the header's help link, not from the navigation. */
export const HELP: Page = {
  path: 'uitleg',
  title: 'help',
  icon: 'help',
  load: () => import('./help/HelpPage').then((m) => m.HelpPage),
};
