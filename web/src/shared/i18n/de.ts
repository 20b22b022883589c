import type { MessageId } from './en';
import { de as alerts } from './texts/alerts/de';
import { de as audit } from './texts/audit/de';
import { de as cameras } from './texts/cameras/de';
import { de as clients } from './texts/clients/de';
import { de as common } from './texts/common/de';
import { de as data } from './texts/data/de';
import { de as editor } from './texts/editor/de';
import { de as guide } from './texts/guide/de';
import { de as keys } from './texts/keys/de';
import { de as live } from './texts/live/de';
import { de as map } from './texts/map/de';
import { de as people } from './texts/people/de';
import { de as problems } from './texts/problems/de';
import { de as retention } from './texts/retention/de';
import { de as shell } from './texts/shell/de';
import { de as signIn } from './texts/sign-in/de';
import { de as sites } from './texts/sites/de';
import { de as statistics } from './texts/statistics/de';
import { de as system } from './texts/system/de';
import { de as tracks } from './texts/tracks/de';
import { de as uploads } from './texts/uploads/de';
import { de as webhooks } from './texts/webhooks/de';

export const de: Record<MessageId, string> = {
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
};
