import { en as alerts } from './texts/alerts/en';
import { en as audit } from './texts/audit/en';
import { en as cameras } from './texts/cameras/en';
import { en as clients } from './texts/clients/en';
import { en as common } from './texts/common/en';
import { en as data } from './texts/data/en';
import { en as editor } from './texts/editor/en';
import { en as guide } from './texts/guide/en';
import { en as keys } from './texts/keys/en';
import { en as live } from './texts/live/en';
import { en as map } from './texts/map/en';
import { en as people } from './texts/people/en';
import { en as problems } from './texts/problems/en';
import { en as retention } from './texts/retention/en';
import { en as shell } from './texts/shell/en';
import { en as signIn } from './texts/sign-in/en';
import { en as sites } from './texts/sites/en';
import { en as statistics } from './texts/statistics/en';
import { en as system } from './texts/system/en';
import { en as tracks } from './texts/tracks/en';
import { en as uploads } from './texts/uploads/en';
import { en as webhooks } from './texts/webhooks/en';

/** All English texts. Other languages have the same keys, topic by topic. */
export const en = {
  ...common,
  ...data,
  ...shell,
  ...sites,
  ...signIn,
  ...cameras,
  ...clients,
  ...editor,
  ...live,
  ...alerts,
  ...tracks,
  ...statistics,
  ...system,
  ...people,
  ...problems,
  ...retention,
  ...keys,
  ...uploads,
  ...webhooks,
  ...audit,
  ...guide,
  ...map,
} as const;

export type MessageId = keyof typeof en;
