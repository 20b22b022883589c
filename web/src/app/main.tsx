import '@mantine/core/styles.css';
import '@/shared/ui/styles.css';
import '@/shared/ui/states.css';
import '@/shared/ui/tables.css';
import '@/shared/ui/pictures.css';
import '@/shared/ui/map.css';
import { I18nProvider } from '@lingui/react';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { createRoot } from 'react-dom/client';
import { makeQueryClient } from '@/shared/api/queries';
import { changeLocale, i18n, preferredLocale } from '@/shared/i18n/i18n';
import { theme } from '@/shared/ui/theme';
import { makeRouter } from './router';
import { watchSession } from './watchSession';

// The policy of the page allows styles with its nonce only.
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
if (nonce) setNonce(nonce);

const queries = makeQueryClient();
const router = makeRouter(queries);
watchSession(queries, router);

await changeLocale(preferredLocale());
const place = document.getElementById('root');
if (!place) throw new Error('the page has no place for the app');
createRoot(place).render(
  <I18nProvider i18n={i18n}>
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </I18nProvider>,
);
