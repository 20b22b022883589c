import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { alertFilters } from '@/features/alerts/model/filters';
import { wallSearch } from '@/features/live/model/wall';
import { pageAfter } from '@/features/sign-in/model/places';
import { statisticsSearch } from '@/features/statistics/model/range';
import { trackFilters } from '@/features/tracks/model/filters';
import { sessionQuery } from '@/shared/api/session';
import { sitesQuery } from '@/shared/api/sites';
import { Broken, Missing } from './Failures';
import { Shell } from './Shell';

interface Context {
  queries: QueryClient;
}

const root = createRootRouteWithContext<Context>()({ component: Outlet, notFoundComponent: Missing });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { to?: string } => {
    const to = pageAfter(search.to);
    return to === '/' ? {} : { to };
  },
  component: lazyRouteComponent(() => import('./pages/SignInPage'), 'SignInPage'),
});

const welcome = createRoute({
  getParentRoute: () => root,
  path: '/welcome',
  component: lazyRouteComponent(() => import('./pages/SignInPage'), 'WelcomePage'),
});

/** Everything behind the sign-in. */
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    const session = await context.queries.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: '/sign-in', search: location.href === '/' ? {} : { to: location.href } });
  },
});

const home = createRoute({
  getParentRoute: () => inside,
  path: '/',
  beforeLoad: async ({ context }) => {
    const [first] = await context.queries.ensureQueryData(sitesQuery);
    if (first) throw redirect({ to: '/sites/$siteId/cameras', params: { siteId: first.id } });
  },
  component: lazyRouteComponent(() => import('./pages/HomePage'), 'HomePage'),
});

const newSite = createRoute({
  getParentRoute: () => inside,
  path: '/new-site',
  component: lazyRouteComponent(() => import('./pages/HomePage'), 'NewSitePage'),
});
const account = createRoute({
  getParentRoute: () => inside,
  path: '/account',
  component: lazyRouteComponent(() => import('./pages/AccountPage'), 'AccountPage'),
});
const system = createRoute({
  getParentRoute: () => inside,
  path: '/system',
  component: lazyRouteComponent(() => import('./pages/SystemPages'), 'SystemPage'),
});
const users = createRoute({
  getParentRoute: () => inside,
  path: '/users',
  component: lazyRouteComponent(() => import('./pages/SystemPages'), 'UsersPage'),
});

const map = createRoute({
  getParentRoute: () => inside,
  path: '/map',
  component: lazyRouteComponent(() => import('./pages/MapPage'), 'MapPage'),
});
const guide = createRoute({
  getParentRoute: () => inside,
  path: '/guide',
  component: lazyRouteComponent(() => import('./pages/GuidePage'), 'GuidePage'),
});
const guidePage = createRoute({
  getParentRoute: () => inside,
  path: '/guide/$page',
  component: lazyRouteComponent(() => import('./pages/GuidePage'), 'GuidePage'),
});

const missing = createRoute({ getParentRoute: () => inside, path: '$', component: Missing });

const site = createRoute({ getParentRoute: () => inside, path: '/sites/$siteId', component: Outlet });

const cameras = createRoute({
  getParentRoute: () => site,
  path: '/cameras',
  component: lazyRouteComponent(() => import('./pages/CamerasPage'), 'CamerasPage'),
});
const wall = createRoute({
  getParentRoute: () => site,
  path: '/wall',
  validateSearch: wallSearch,
  component: lazyRouteComponent(() => import('./pages/WallPage'), 'WallPage'),
});
const newCamera = createRoute({
  getParentRoute: () => site,
  path: '/cameras/new',
  component: lazyRouteComponent(() => import('./pages/EditCameraPage'), 'NewCameraPage'),
});
const camera = createRoute({
  getParentRoute: () => site,
  path: '/cameras/$cameraId',
  component: lazyRouteComponent(() => import('./pages/CameraPage'), 'CameraPage'),
});
const editCamera = createRoute({
  getParentRoute: () => site,
  path: '/cameras/$cameraId/edit',
  component: lazyRouteComponent(() => import('./pages/EditCameraPage'), 'EditCameraPage'),
});
const alerts = createRoute({
  getParentRoute: () => site,
  path: '/alerts',
  validateSearch: alertFilters,
  component: lazyRouteComponent(() => import('./pages/AlertsPage'), 'AlertsPage'),
});
const tracks = createRoute({
  getParentRoute: () => site,
  path: '/tracks',
  validateSearch: trackFilters,
  component: lazyRouteComponent(() => import('./pages/TracksPages'), 'TracksPage'),
});
const track = createRoute({
  getParentRoute: () => site,
  path: '/tracks/$trackId',
  component: lazyRouteComponent(() => import('./pages/TracksPages'), 'TrackPage'),
});
const statistics = createRoute({
  getParentRoute: () => site,
  path: '/statistics',
  validateSearch: statisticsSearch,
  component: lazyRouteComponent(() => import('./pages/StatisticsPage'), 'StatisticsPage'),
});
const uploads = createRoute({
  getParentRoute: () => site,
  path: '/uploads',
  component: lazyRouteComponent(() => import('./pages/UploadsPage'), 'UploadsPage'),
});
const settings = createRoute({
  getParentRoute: () => site,
  path: '/settings',
  component: lazyRouteComponent(() => import('./pages/HomePage'), 'SiteSettingsPage'),
});
const upload = createRoute({
  getParentRoute: () => site,
  path: '/uploads/$uploadId',
  component: lazyRouteComponent(() => import('./pages/UploadsPage'), 'UploadPage'),
});
const members = createRoute({
  getParentRoute: () => site,
  path: '/members',
  component: lazyRouteComponent(() => import('./pages/AdminPages'), 'MembersPage'),
});
const keys = createRoute({
  getParentRoute: () => site,
  path: '/keys',
  component: lazyRouteComponent(() => import('./pages/AdminPages'), 'KeysPage'),
});
const webhooks = createRoute({
  getParentRoute: () => site,
  path: '/webhooks',
  component: lazyRouteComponent(() => import('./pages/AdminPages'), 'WebhooksPage'),
});
const data = createRoute({
  getParentRoute: () => site,
  path: '/data',
  component: lazyRouteComponent(() => import('./pages/DataPage'), 'DataPage'),
});
const audit = createRoute({
  getParentRoute: () => site,
  path: '/audit',
  component: lazyRouteComponent(() => import('./pages/AdminPages'), 'AuditPage'),
});

const tree = root.addChildren([
  signIn,
  welcome,
  inside.addChildren([
    home,
    newSite,
    account,
    system,
    users,
    map,
    guide,
    guidePage,
    missing,
    site.addChildren([
      cameras,
      wall,
      newCamera,
      camera,
      editCamera,
      alerts,
      tracks,
      track,
      statistics,
      uploads,
      settings,
      upload,
      members,
      keys,
      webhooks,
      data,
      audit,
    ]),
  ]),
]);

export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultErrorComponent: Broken,
    defaultNotFoundComponent: Missing,
    scrollRestoration: true,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
