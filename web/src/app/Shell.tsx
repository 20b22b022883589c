import {
  ActionIcon,
  AppShell,
  Box,
  Burger,
  Group,
  NativeSelect,
  NavLink,
  ScrollArea,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';
import { api, done } from '@/shared/api/client';
import { isAtLeast, sessionQuery } from '@/shared/api/session';
import { sitesQuery } from '@/shared/api/sites';
import type { MessageId } from '@/shared/i18n/en';
import { changeLocale, LOCALES, type Locale } from '@/shared/i18n/i18n';
import { useText } from '@/shared/i18n/useText';
import { MoonIcon, PageIcon, type PageIconName, SignOutIcon, SunIcon } from '@/shared/ui/Icons';
import { SaidOnce } from '@/shared/ui/SaidOnce';
import { AwayNote } from './AwayNote';
import { useShownSite } from './useShownSite';

/** What is around every page: where one is, where one can go, and whether the server answers. */
export function Shell() {
  const { t } = useText();
  const [opened, { toggle, close }] = useDisclosure(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu of a phone closes when the page changes
  useEffect(close, [path]);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 224, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <a href="#content" className="skip">
        {t('shell.skip')}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap" gap="sm">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('shell.menu')} />
            <img src="/icon.svg" alt="" width={24} height={24} />
            <SiteSwitch />
          </Group>
          <Preferences />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs">
        <ScrollArea>
          <Navigation />
          <Box hiddenFrom="xs" p="sm">
            <Language w="100%" />
          </Box>
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="content">
        <AwayNote />
        <SaidOnce>
          <Outlet />
        </SaidOnce>
      </AppShell.Main>
    </AppShell>
  );
}

function SiteSwitch() {
  const { t } = useText();
  const navigate = useNavigate();
  const siteId = useShownSite();
  const sites = useQuery(sitesQuery).data ?? [];
  if (sites.length === 0) return <Text fw={600}>vru</Text>;
  return (
    <NativeSelect
      className="site-switch"
      title={sites.find((site) => site.id === siteId)?.name}
      aria-label={t('shell.site')}
      value={siteId ?? ''}
      data={[...sites.map((site) => ({ value: site.id, label: site.name }))]}
      onChange={(event) => {
        const chosen = event.currentTarget.value;
        if (chosen) void navigate({ to: '/sites/$siteId/cameras', params: { siteId: chosen } });
      }}
    />
  );
}

function Language(props: { w?: string }) {
  const { t, language } = useText();
  return (
    <NativeSelect
      w={props.w}
      aria-label={t('shell.language')}
      value={language}
      data={Object.entries(LOCALES).map(([value, label]) => ({ value, label }))}
      onChange={(event) => void changeLocale(event.currentTarget.value as Locale)}
    />
  );
}

function Preferences() {
  const { t } = useText();
  const { setColorScheme } = useMantineColorScheme();
  const client = useQueryClient();
  const dark = useComputedColorScheme('light') === 'dark';
  async function logOut() {
    await done(api.DELETE('/api/v1/session'));
    client.clear();
    window.location.assign('/sign-in');
  }
  return (
    <Group gap="xs" wrap="nowrap">
      <Box visibleFrom="xs">
        <Language />
      </Box>
      <ActionIcon
        variant="default"
        size="input-sm"
        aria-label={t(dark ? 'shell.light' : 'shell.dark')}
        onClick={() => setColorScheme(dark ? 'light' : 'dark')}
      >
        {dark ? <SunIcon /> : <MoonIcon />}
      </ActionIcon>
      <ActionIcon variant="default" size="input-sm" aria-label={t('shell.sign-out')} onClick={() => void logOut()}>
        <SignOutIcon />
      </ActionIcon>
    </Group>
  );
}

const PAGES = ['cameras', 'wall', 'alerts', 'tracks', 'statistics', 'uploads'] as const;
const ADMIN_PAGES = ['settings', 'members', 'keys', 'webhooks', 'data', 'audit'] as const;

function Navigation() {
  const { t } = useText();
  const siteId = useShownSite();
  const session = useQuery(sessionQuery).data;
  const path = useRouterState({ select: (state) => state.location.pathname });
  const several = (useQuery(sitesQuery).data ?? []).length > 0;
  const admin = siteId !== undefined && isAtLeast(session, siteId, 'admin');
  const entry = (page: (typeof PAGES)[number] | (typeof ADMIN_PAGES)[number]) => (
    <NavLink
      key={page}
      component={Link}
      to={`/sites/${siteId}/${page}`}
      label={t(`nav.${page}` as MessageId)}
      leftSection={<PageIcon name={page} />}
      active={path.startsWith(`/sites/${siteId}/${page}`)}
    />
  );
  const system = (to: string, icon: PageIconName, label = `nav.${icon}` as MessageId) => (
    <NavLink component={Link} to={to} label={t(label)} leftSection={<PageIcon name={icon} />} active={path === to} />
  );
  return (
    <nav aria-label={t('shell.navigation')}>
      {several ? (
        <NavLink
          component={Link}
          to="/map"
          label={t('nav.map')}
          leftSection={<PageIcon name="map" />}
          active={path === '/map'}
          mb="xs"
        />
      ) : null}
      {siteId ? PAGES.map(entry) : null}
      {admin ? (
        <>
          <Text size="xs" className="quiet" px="sm" pt="md">
            {t('nav.site')}
          </Text>
          {ADMIN_PAGES.map(entry)}
        </>
      ) : null}
      <Text size="xs" className="quiet" px="sm" pt="md">
        {t('nav.system')}
      </Text>
      {session?.user.system_admin ? (
        <>
          {system('/system', 'health')}
          {system('/users', 'users')}
          {system('/new-site', 'site', 'nav.new-site')}
        </>
      ) : null}
      <NavLink
        component={Link}
        to="/account"
        label={t('nav.account')}
        leftSection={<PageIcon name="account" />}
        description={session?.user.display_name}
        active={path === '/account'}
      />
      <NavLink
        component={Link}
        to="/guide"
        label={t('nav.guide')}
        leftSection={<PageIcon name="guide" />}
        active={path.startsWith('/guide')}
      />
    </nav>
  );
}
